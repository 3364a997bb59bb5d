import CLinux
import Glibc
import Synchronization

/// What the reactor's thread owns: the descriptors and the children behind them.
struct ReactorLoop: ~Copyable {
    private let reactor: Reactor
    private let wake: Int32
    private let poll: Int32
    private var children: [UInt64: ChildPipes] = [:]
    private var nextToken: UInt64 = 1
    private var adoptsOrphans = getpid() == 1
    private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    /// The low bits of a poll token say which descriptor of the child is meant.
    private enum Source: UInt64 {
        case output, error, status, input, exit

        init(_ stream: Stream) {
            switch stream {
            case .output: self = .output
            case .error: self = .error
            case .status: self = .status
            }
        }
    }

    init(reactor: Reactor, wake: Int32) {
        self.reactor = reactor
        self.wake = wake
        poll = csystem_poll_create()
        precondition(poll >= 0, "a poll descriptor can be had at start-up")
        _ = csystem_poll_set(poll, wake, UInt32(CSYSTEM_READABLE), 0, 1)
    }

    consuming func run() {
        var ready = [csystem_event](repeating: csystem_event(), count: 64)
        while true {
            let count = csystem_poll_wait(poll, &ready, Int32(ready.count))
            precondition(count >= 0, "polling our own descriptors cannot fail")
            for event in ready.prefix(Int(count)) {
                if event.token == 0 { serveRequests() } else { serve(event) }
            }
        }
    }

    private mutating func serveRequests() {
        var count: UInt64 = 0
        _ = read(wake, &count, 8)
        for request in reactor.takeRequests() {
            switch request {
            case .spawn(let command, let limits, let continuation):
                continuation.resume(returning: spawn(command, limits))
            case .write(let token, let bytes):
                children[token]?.toWrite.append(bytes)
                writeOn(token)
            case .closeInput(let token):
                children[token]?.closesInput = true
                writeOn(token)
            case .signal(let token, let signal, let group):
                guard let child = children[token], group || child.exitDescriptor >= 0 else { break }
                kill(group ? -child.pid : child.pid, signal)
            case .resumeReading(let token): setReading(token, true)
            case .hold(let token, let stream, let on): hold(token, stream, on)
            case .close(let token, let stream): closeOutput(token, stream)
            case .finish(let token, let continuation): finish(token, continuation)
            case .adoptOrphans: adoptsOrphans = csystem_adopt_orphans(wake) == 0
            }
        }
        if adoptsOrphans, count >= CSYSTEM_CHILD_ENDED { reapOrphans() }
    }

    private mutating func serve(_ event: csystem_event) {
        let token = event.token >> 3
        // An event of this round may stand behind the request that finished its child.
        guard children[token] != nil, let source = Source(rawValue: event.token & 7) else { return }
        switch source {
        case .output:
            readFrom(token, .output)
            // A pipe holds no more than the buffer, so one look finds all that was written before those lines.
            readFrom(token, .error)
            _ = children[token]?.events?.push(.settled)
        case .error: readFrom(token, .error)
        case .status: readFrom(token, .status)
        case .input:
            if event.events & UInt32(CSYSTEM_HANGUP) != 0 { closeInput(token) } else { writeOn(token) }
        case .exit: noteExit(token)
        }
    }

    // MARK: Starting

    private mutating func spawn(_ command: Command, _ limits: LineLimits) -> Result<Child, SpawnError> {
        let token = nextToken
        nextToken += 1
        switch ChildPipes.start(command, limits: limits) {
        case .failure(let error): return .failure(error)
        case .success(let pipes):
            let events = ChildEvents { [reactor] in reactor.post(.resumeReading(token)) }
            children[token] = pipes
            children[token]?.events = events
            watch(pipes.exitDescriptor, token, .exit)
            watch(pipes.output.descriptor, token, .output)
            watch(pipes.error.descriptor, token, .error)
            if pipes.status.descriptor >= 0 { watch(pipes.status.descriptor, token, .status) }
            return .success(Child(pid: pipes.pid, token: token, events: events, reactor: reactor))
        }
    }

    private func watch(_ descriptor: Int32, _ token: UInt64, _ source: Source, for events: UInt32? = nil) {
        let events = events ?? UInt32(CSYSTEM_READABLE)
        _ = csystem_poll_set(poll, descriptor, events, token << 3 | source.rawValue, 1)
    }

    // MARK: Reading

    private mutating func readFrom(_ token: UInt64, _ stream: Stream) {
        guard var pipe = children[token]?[stream], pipe.descriptor >= 0, let events = children[token]?.events else {
            return
        }
        let count = read(pipe.descriptor, buffer.baseAddress, buffer.count)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        var pause = false
        if count > 0 {
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
            pipe.splitter.consume(bytes) { pause = events.push(.line($0)) }
        } else {
            pipe.splitter.end { _ = events.push(.line($0)) }
            _ = csystem_poll_set(poll, pipe.descriptor, 0, 0, 0)
            close(pipe.descriptor)
            pipe.descriptor = -1
            _ = events.push(.end(stream))
        }
        children[token]?[stream] = pipe
        if pause { setReading(token, false) }
        endEventsIfComplete(token)
    }

    /// Stops or resumes reading; a pause that the consumer ended meanwhile is ended by its own request.
    private mutating func setReading(_ token: UInt64, _ on: Bool) {
        guard let child = children[token], child.isReading != on else { return }
        children[token]?.isReading = on
        for stream in Stream.allCases where !child.held.contains(stream) { setReading(token, stream, on) }
    }

    private func setReading(_ token: UInt64, _ stream: Stream, _ on: Bool) {
        guard let descriptor = children[token]?[stream].descriptor, descriptor >= 0 else { return }
        if on { watch(descriptor, token, Source(stream)) } else { _ = csystem_poll_set(poll, descriptor, 0, 0, 0) }
    }

    private mutating func hold(_ token: UInt64, _ stream: Stream, _ on: Bool) {
        guard let child = children[token], child.held.contains(stream) != on else { return }
        if on { children[token]?.held.insert(stream) } else { children[token]?.held.remove(stream) }
        if child.isReading { setReading(token, stream, !on) }
    }

    private mutating func closeOutput(_ token: UInt64, _ stream: Stream) {
        guard let descriptor = children[token]?[stream].descriptor, descriptor >= 0 else { return }
        setReading(token, stream, false)
        close(descriptor)
        children[token]?[stream].descriptor = -1
        _ = children[token]?.events?.push(.end(stream))
        endEventsIfComplete(token)
    }

    private mutating func noteExit(_ token: UInt64) {
        guard let child = children[token], child.exitDescriptor >= 0 else { return }
        var code: Int32 = 0
        guard csystem_peek_exit(child.pid, &code) == 1 else { return }
        _ = csystem_poll_set(poll, child.exitDescriptor, 0, 0, 0)
        close(child.exitDescriptor)
        children[token]?.exitDescriptor = -1
        _ = child.events?.push(.exited(code < 0 ? .signal(-code) : .code(code)))
        if child.isFinishing { reap(token) } else { endEventsIfComplete(token) }
    }

    private func endEventsIfComplete(_ token: UInt64) {
        guard let child = children[token], child.exitDescriptor < 0 else { return }
        if Stream.allCases.allSatisfy({ child[$0].descriptor < 0 }) { child.events?.finish() }
    }

    // MARK: Writing

    private mutating func writeOn(_ token: UInt64) {
        guard var child = children[token], child.input >= 0 else { return }
        while let bytes = child.toWrite.first {
            let written = bytes[child.written...].withUnsafeBytes { write(child.input, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            if written < 0 && errno == EAGAIN {
                if !child.waitsToWrite {
                    child.waitsToWrite = true
                    watch(child.input, token, .input, for: UInt32(CSYSTEM_WRITABLE))
                }
                children[token] = child
                return
            }
            guard written >= 0 else { return closeInput(token) }
            child.written += written
            if child.written == bytes.count {
                child.toWrite.removeFirst()
                child.written = 0
            }
        }
        children[token] = child
        if child.closesInput { return closeInput(token) }
        if child.waitsToWrite {
            _ = csystem_poll_set(poll, child.input, 0, 0, 0)
            children[token]?.waitsToWrite = false
        }
    }

    private mutating func closeInput(_ token: UInt64) {
        guard let child = children[token], child.input >= 0 else { return }
        if child.waitsToWrite { _ = csystem_poll_set(poll, child.input, 0, 0, 0) }
        close(child.input)
        children[token]?.input = -1
        children[token]?.toWrite = []
    }

    // MARK: Ending

    /// Kills what is left and reaps the process when it has ended, which may take a moment: nobody waits for it here.
    private mutating func finish(_ token: UInt64, _ continuation: CheckedContinuation<Void, Never>?) {
        guard let child = children[token] else {
            continuation?.resume()
            return
        }
        kill(-child.pid, SIGKILL)
        for descriptor in child.openPipes { close(descriptor) }
        children[token]?.forgetPipes()
        children[token]?.isFinishing = true
        if let continuation { children[token]?.finishers.append(continuation) }
        if child.exitDescriptor < 0 { reap(token) }
    }

    /// Ends a child that has ended and is finished with: from now on its pid may mean another process.
    private mutating func reap(_ token: UInt64) {
        guard let child = children.removeValue(forKey: token) else { return }
        var status: Int32 = 0
        while waitpid(child.pid, &status, 0) < 0 && errno == EINTR {}
        child.events?.finish()
        for continuation in child.finishers { continuation.resume() }
    }

    /// Reaps ended processes that are not children of ours by birth. Only whoever adopts orphans has them.
    private func reapOrphans() {
        guard hasEndedChild else { return }
        let all = allChildren()
        // After them: whoever started one in the foreground meanwhile has then said so.
        let own = Set(children.values.map(\.pid)).union(foreground.withLock { $0 })
        for pid in all where !own.contains(pid) {
            var status: Int32 = 0
            waitpid(pid, &status, WNOHANG)
        }
    }

    /// Most of the time none has, and looking for orphans reads a file for each thread.
    private var hasEndedChild: Bool {
        var info = siginfo_t()
        return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == SIGCHLD
    }

    /// All children of this process, by birth or adopted.
    private func allChildren() -> [pid_t] {
        guard let tasks = opendir("/proc/self/task") else { return [] }
        defer { closedir(tasks) }
        var pids: [pid_t] = []
        while let entry = readdir(tasks) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            let file = open("/proc/self/task/\(name)/children", O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { continue }
            defer { close(file) }
            let count = max(0, read(file, buffer.baseAddress, buffer.count))
            let text = String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self)
            pids += text.split(separator: " ").compactMap { pid_t($0) }
        }
        return pids
    }
}
