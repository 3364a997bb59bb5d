import Engine
import Glibc
import Jansson
import PluginHost
import PluginProtocol

/// One line of an action's log.
///
/// In the file it is `MILLISECONDS SL TEXT`, where S and L are the letters of stream and level, behind a line `job ID`
/// that stands before the lines of each job. Older logs have an object of JSON a line, which names the job.
public struct LogLine: Hashable, Sendable {
    public let time: Instant
    public let job: String
    public let stream: String
    public let level: String
    public let text: String

    private static let streams: [UInt8: String] = [
        UInt8(ascii: "s"): LogRecord.Source.stderr.rawValue, UInt8(ascii: "o"): LogRecord.Source.stdout.rawValue,
        UInt8(ascii: "m"): LogRecord.Source.message.rawValue, UInt8(ascii: "h"): LogRecord.Source.host.rawValue,
    ]
    private static let levels = Dictionary(
        uniqueKeysWithValues: Log.Level.allCases.map { (letter(of: $0), $0.rawValue) })

    private init(_ time: Instant, _ job: String, _ stream: String, _ level: String, _ text: String) {
        (self.time, self.job, self.stream, self.level, self.text) = (time, job, stream, level, text)
    }

    /// The lines of a record, of which there may be several.
    static func lines(_ record: LogRecord, time: Instant, job: String) -> [LogLine] {
        let (stream, level) = (record.source.rawValue, record.level.rawValue)
        guard record.text.utf8.contains(0x0A) else { return [LogLine(time, job, stream, level, record.text)] }
        return record.text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            LogLine(time, job, stream, level, String(Substring($0)))
        }
    }

    /// - Parameters:
    ///   - line: as it stands in the file, without its line feed.
    ///   - job: the one that was named last before it.
    /// - Returns: nil when it is no log line.
    init?(parsing line: UnsafeRawBufferPointer, job: String) {
        if line.first == UInt8(ascii: "{") {
            self.init(json: line)
            return
        }
        guard let end = line.prefix(20).firstIndex(of: 0x20), line.count >= end + 4, line[end + 3] == 0x20,
            let milliseconds = Int64(String(decoding: line[..<end], as: UTF8.self)),
            let stream = Self.streams[line[end + 1]], let level = Self.levels[line[end + 2]]
        else { return nil }
        let text = String(decoding: line[(end + 4)...], as: UTF8.self)
        self.init(Instant(milliseconds: milliseconds), job, stream, level, text)
    }

    private init?(json line: UnsafeRawBufferPointer) {
        guard let json = try? JSON(parsing: line), case .integer(let time)? = json["time"],
            let job = json["jobId"]?.stringValue, let stream = json["stream"]?.stringValue,
            let level = json["level"]?.stringValue, let text = json["text"]?.stringValue
        else { return nil }
        self.init(Instant(milliseconds: time), job, stream, level, text)
    }

    public var json: JSON {
        [
            "time": .integer(time.milliseconds), "jobId": .string(job), "stream": .string(stream),
            "level": .string(level), "text": .string(text),
        ]
    }
}

extension LogRecord {
    /// Appends its lines as they stand in a file.
    func write(to bytes: inout [UInt8], at time: Instant) {
        let header = Array("\(time.milliseconds) ".utf8) + [source.letter, letter(of: level), 0x20]
        var text = text
        text.withUTF8 { text in
            bytes.reserveCapacity(bytes.count + text.count + header.count + 1)
            var rest = UnsafeRawBufferPointer(text)[...]
            while true {
                bytes += header
                let feed = firstLineFeed(rest)
                bytes += rest[..<(feed ?? rest.endIndex)]
                bytes.append(0x0A)
                guard let feed else { return }
                rest = rest[(feed + 1)...]
            }
        }
    }
}

extension LogRecord.Source {
    fileprivate var letter: UInt8 {
        switch self {
        case .stderr: UInt8(ascii: "s")
        case .stdout: UInt8(ascii: "o")
        case .message: UInt8(ascii: "m")
        case .host: UInt8(ascii: "h")
        }
    }
}

private func letter(of level: Log.Level) -> UInt8 { level.rawValue.utf8.first! }
