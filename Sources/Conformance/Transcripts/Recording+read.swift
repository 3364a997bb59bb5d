import Jansson
import PluginProtocol
import Processes
import Workspaces

extension Recording {
    /// Reads the processes of a transcript: one that was written here, or a conversation of `spec/transcripts`.
    /// - Throws: `UnreadableInput`, naming the line.
    public static func read(_ path: String) throws(UnreadableInput) -> [Recording] {
        guard let text = try readFile(path, limitBytes: 256 << 20) else {
            throw UnreadableInput(path, "has over 256 MiB")
        }
        var reading = Reading()
        for (index, line) in text.split(separator: UInt8(ascii: "\n")).enumerated() {
            do {
                try reading.take(JSONReader(JSON(parsing: Array(line), maximumDepth: 64)))
            } catch {
                throw UnreadableInput(path, "line \(index + 1) is no part of a transcript: \(error)")
            }
        }
        guard !reading.recordings.isEmpty else { throw UnreadableInput(path, "tells of no process: no start is in it") }
        return reading.recordings
    }
}

/// A transcript as far as it is read.
private struct Reading {
    var recordings: [Recording] = []
    private var header: JSONReader?
    /// Of the process that is told of.
    private var offset = 0
    private var at = Duration.zero

    mutating func take(_ entry: JSONReader) throws {
        guard let from = try entry.optional("from")?.string() else {
            // What a host made of it is no matter here.
            if try entry.optional("note") != nil { header = entry }
            return
        }
        if case .real(let seconds)? = try entry.optional("at")?.value { at = .seconds(seconds) }
        let event = try entry.optional("event")?.string()
        if event == "start" { return try start() }
        guard !recordings.isEmpty else {
            throw JSONTypeError(path: "from", problem: "says something before any process was started")
        }
        switch (from, event) {
        case ("host", nil): try send(entry)
        case ("host", "endOfInput"?): record(.inputEnded)
        case ("host", "signal"?): try signal(entry)
        case ("plugin", nil): try hear(entry)
        case ("plugin", "end"?): record(.ended(try entry.stream()))
        case ("plugin", "exit"?): try exit(entry)
        case ("judge", let event?): try remark(event, entry)
        default: throw JSONTypeError(path: "event", problem: "\"\(event ?? "")\" of \(from) is unknown")
        }
    }

    private mutating func start() throws {
        let lifecycle = try header?.optional("lifecycle")?.oneOf(Manifest.Run.Lifecycle.self)
        var recording = Recording(
            probe: try header?.optional("probe")?.string() ?? "transcript", lifecycle: lifecycle ?? .oneShot)
        for fault in try header?.optional("faults")?.elements() ?? [] {
            recording.faults.insert(try fault.oneOf(Recording.Fault.self))
        }
        recordings.append(recording)
        (offset, at) = (0, .zero)
    }

    private mutating func record(_ what: Recording.Occurrence) {
        recordings[recordings.count - 1].entries.append(Recording.Entry(at: at, what: what))
    }

    private mutating func send(_ entry: JSONReader) throws {
        let bytes = try entry.optional("message")?.value.serialized ?? entry.bytes()
        record(.sent(bytes))
        let last = recordings.count - 1
        guard let json = try? JSON(parsing: bytes, maximumDepth: MessageLimits.depth) else { return }
        switch try? HostMessage(json) {
        case .job(let job)?:
            var fixture = Fixture(job: job, inputs: [:])
            fixture.name = try header?.optional("case")?.string() ?? "transcript"
            recordings[last].errands.append(Recording.Errand(job: job, fixture: fixture, at: at))
        case .cancel(let cancel)?:
            for index in recordings[last].errands.indices
            where recordings[last].errands[index].job.jobId == cancel.jobId {
                recordings[last].errands[index].isCancelled = true
            }
        case nil: return
        }
    }

    private mutating func signal(_ entry: JSONReader) throws {
        let signal = try entry.required("signal").string()
        record(.done(signal))
        guard signal == "SIGTERM" else { return }
        recordings[recordings.count - 1].faults.insert(.cancelled)
        for index in recordings[recordings.count - 1].errands.indices {
            recordings[recordings.count - 1].errands[index].isCancelled = true
        }
    }

    private mutating func hear(_ entry: JSONReader) throws {
        let bytes = try entry.optional("message")?.value.serialized ?? entry.bytes()
        var ending = Line.Ending.newline
        if let word = try entry.optional("ending")?.string() { ending = word == "split" ? .split : .unterminated }
        if let total = try entry.optional("totalBytes")?.integer() { ending = .overlong(totalBytes: total) }
        let stream = try entry.optional("stream") == nil ? .output : entry.stream()
        let line = Line(
            stream: stream, offset: try entry.optional("offset")?.integer() ?? offset, bytes: bytes, ending: ending)
        offset += bytes.count + 1
        let last = recordings.count - 1
        let heard = Recording.Heard(line, jobIds: Set(recordings[last].errands.map(\.job.jobId)))
        record(.heard(heard))
        guard let message = heard.message, message.body.isTerminal,
            let index = recordings[last].errands.firstIndex(where: { $0.job.jobId == message.jobId })
        else { return }
        recordings[last].errands[index].terminalAt = recordings[last].errands[index].terminalAt ?? at
    }

    private mutating func exit(_ entry: JSONReader) throws {
        let status = try entry.optional("status")?.integer()
        let exit: Exit = try status.map { .code(Int32($0)) } ?? .signal(entry.required("signal").signal())
        recordings[recordings.count - 1].exit = exit
        recordings[recordings.count - 1].exitedAt = at
        record(.exited(exit))
    }

    private mutating func remark(_ event: String, _ entry: JSONReader) throws {
        let last = recordings.count - 1
        switch event {
        case "survivor":
            recordings[last].survivors.append(
                ProcessTree.Process(
                    pid: Int32(try entry.required("pid").integer()),
                    arguments: try entry.required("arguments").strings()))
        case "openPipe": recordings[last].openPipes.insert(try entry.stream())
        case "strewn": recordings[last].strewn.append(try entry.required("path").string())
        case "lingered": recordings[last].lingered = true
        case "overdue":
            let id = try entry.required("jobId").string()
            for index in recordings[last].errands.indices where recordings[last].errands[index].job.jobId == id {
                recordings[last].errands[index].isOverdue = true
            }
        default: throw JSONTypeError(path: "event", problem: "\"\(event)\" of the judge is unknown")
        }
    }
}

extension JSONReader {
    fileprivate func stream() throws(JSONTypeError) -> Processes.Stream {
        let name = try required("stream").string()
        guard let stream = Processes.Stream.allCases.first(where: { $0.transcriptName == name }) else {
            throw JSONTypeError(path: "stream", problem: "must be stdout or stderr, found \"\(name)\"")
        }
        return stream
    }

    fileprivate func signal() throws(JSONTypeError) -> Int32 {
        let name = try string()
        guard let signal = Conformance.signal(named: name) else {
            throw JSONTypeError(path: path, problem: "must be the name of a signal, found \"\(name)\"")
        }
        return signal
    }

    /// The bytes of a `line`, or of a `hex`.
    fileprivate func bytes() throws(JSONTypeError) -> [UInt8] {
        guard let hex = try optional("hex")?.string() else { return Array(try required("line").string().utf8) }
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }
}
