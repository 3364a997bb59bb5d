import Glibc
import Processes

/// What one run of a program took, as `penstock-measure` tells it.
struct Measurement {
    /// CLOCK_MONOTONIC.
    let startNanoseconds: Int
    let nanoseconds: Int
    /// Of the program and what it waited for.
    let processorMicroseconds: Int
    let memoryKibibytes: Int

    var milliseconds: Double { Double(nanoseconds) / 1e6 }
    var endNanoseconds: Int { startNanoseconds + nanoseconds }
}

struct MeasurementFailed: Error, CustomStringConvertible {
    let description: String
}

/// Starts programs through `penstock-measure`, which adds next to nothing.
struct Stopwatch {
    let program: String

    /// - Parameters:
    ///   - count: how often the command is run, `width` at a time.
    ///   - database: given, each run has two durable commits in it.
    ///   - user: as whom it runs; nil as we do.
    func time(
        _ command: Command, count: Int = 1, width: Int = 1, input: String = "/dev/null", output: String = "/dev/null",
        database: String? = nil, user: UInt32? = nil
    ) async throws -> Measurement {
        var measured = command
        measured.executable = program
        measured.arguments =
            ["-n", "\(count)", "-w", "\(width)", "-i", input, "-o", output] + (database.map { ["-d", $0] } ?? [])
            + (user.map { ["-u", "\($0)"] } ?? []) + ["--", command.executable] + command.arguments
        // It has a descriptor 3 of its own to give.
        measured.reportsStatus = false
        let child = try await Reactor.shared.spawn(measured)
        child.closeInput()
        var said: [Processes.Stream: [String]] = [:]
        for await event in child.events {
            if case .line(let line) = event {
                said[line.stream, default: []].append(String(decoding: line.bytes, as: UTF8.self))
            }
        }
        await child.finish()
        let numbers = said[.output]?.first?.split(separator: " ").compactMap { Int($0) } ?? []
        guard numbers.count == 4 else {
            let output = (try? readLines(output)) ?? []
            throw MeasurementFailed(
                description: (["\(command.executable) failed:"] + (said[.error] ?? []) + output.suffix(3))
                    .joined(separator: "\n"))
        }
        return Measurement(
            startNanoseconds: numbers[0], nanoseconds: numbers[1], processorMicroseconds: numbers[2],
            memoryKibibytes: numbers[3])
    }
}

func readLines(_ path: String) throws -> [String] {
    guard let file = fopen(path, "re") else { throw MeasurementFailed(description: "\(path): cannot be read") }
    defer { fclose(file) }
    var lines: [String] = []
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, file) > 0 { lines.append(String(cString: line!)) }
    return lines
}
