import CLinux
import Glibc
import Synchronization

/// Why a program's output could not be had.
public enum CaptureError: Error, Hashable, Sendable {
    case notStarted(SpawnError)
    case tooLate
    case tooLarge
    /// What it wrote until then, which may be an explanation.
    case failed(Exit, output: [UInt8])
}

/// Runs a program in a session of its own, gives it `input`, and takes its standard output. What it writes to the
/// standard error is lost.
///
/// Blocks its thread until the program has ended or the time is over; nothing of its process group is left then.
/// - Throws: `CaptureError`, also for an exit code other than 0.
public func capture(
    _ command: Command, input: [UInt8] = [], limitBytes: Int, within time: Duration
) throws(CaptureError) -> [UInt8] {
    var captured = try Captured(command)
    let outcome: Result<[UInt8], CaptureError>
    do throws(CaptureError) {
        outcome = .success(try captured.converse(input, limitBytes, until: .now + time))
    } catch {
        outcome = .failure(error)
    }
    let exit = captured.end()
    let output = try outcome.get()
    guard exit == .code(0) else { throw .failed(exit, output: output) }
    return output
}

private struct Captured {
    private let pid: pid_t
    private var input: Int32 = -1
    private var output: Int32 = -1
    /// Becomes readable when the process ends.
    private var exit: Int32 = -1

    init(_ command: Command) throws(CaptureError) {
        var (inputEnds, outputEnds): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        let sink = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { for end in [sink, inputEnds[0], outputEnds[1]] where end >= 0 { close(end) } }
        var pid: pid_t = 0
        var failure = sink < 0 || csystem_pipe(&inputEnds) != 0 || csystem_pipe(&outputEnds) != 0 ? errno : 0
        if failure == 0 {
            failure = foreground.withLock { children in
                let failure = command.withVectors { arguments, environment in
                    csystem_spawn(
                        command.executable, arguments, environment, command.directory, inputEnds[0], outputEnds[1],
                        sink,
                        -1, &pid)
                }
                // Whoever adopts orphans leaves it to us.
                if failure == 0 { children.insert(pid) }
                return failure
            }
        }
        self.pid = failure == 0 ? pid : -1
        (input, output) = (inputEnds[1], outputEnds[0])
        if failure == 0 {
            exit = csystem_pidfd_open(pid)
            if exit < 0 { failure = errno }
        }
        guard failure == 0 else {
            _ = end()
            throw .notStarted(SpawnError(command: command.executable, code: failure))
        }
        for end in [input, output] { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
    }

    mutating func converse(
        _ bytes: [UInt8], _ limitBytes: Int, until end: ContinuousClock.Instant
    ) throws(CaptureError) -> [UInt8] {
        var (taken, unwritten) = ([UInt8](), bytes[...])
        while true {
            if unwritten.isEmpty { closeInput() }
            var watched = [
                pollfd(fd: exit, events: Int16(POLLIN), revents: 0),
                pollfd(fd: output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: input, events: Int16(POLLOUT), revents: 0),
            ]
            let left = (end - .now) / .milliseconds(1)
            guard left > 0 else { throw .tooLate }
            _ = poll(&watched, nfds_t(watched.count), Int32(min(left + 1, 60_000)))
            if watched[2].revents != 0 { write(&unwritten) }
            // Looked at before the output, so that what was written before the end is read.
            let isOver = watched[0].revents != 0
            if watched[1].revents != 0 || isOver { try read(to: &taken, limitBytes) }
            if isOver { return taken }
        }
    }

    private mutating func write(_ bytes: inout ArraySlice<UInt8>) {
        let count = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
        // One that does not read its input need not.
        if count < 0 && errno != EAGAIN && errno != EINTR {
            closeInput()
        } else {
            bytes = bytes.dropFirst(max(0, count))
        }
    }

    /// All that is there.
    private mutating func read(to taken: inout [UInt8], _ limitBytes: Int) throws(CaptureError) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while output >= 0 {
            let count = Glibc.read(output, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return }
            taken += buffer[..<count]
            guard taken.count <= limitBytes else { throw .tooLarge }
            if count == 0 {
                close(output)
                output = -1
            }
        }
    }

    private mutating func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// Kills what is left, and reaps it.
    mutating func end() -> Exit {
        closeInput()
        for descriptor in [output, exit] where descriptor >= 0 { close(descriptor) }
        guard pid > 0 else { return .code(0) }
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        foreground.withLock { _ = $0.remove(pid) }
        let number = status & 0x7F
        return number == 0 ? .code(status >> 8 & 0xFF) : .signal(number)
    }
}
