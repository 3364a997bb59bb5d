import Glibc
import Jansson
import PluginProtocol
import Processes
import Workspaces

/// One running process of the plugin, and the record of it.
public actor Subject {
    public private(set) var recording: Recording
    private let child: Child
    private let scale: Double
    private let clock = ContinuousClock()
    private let began: ContinuousClock.Instant
    /// Of each job, in their order; nil for one that got none.
    private var places: [Place?] = []
    private var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    private var nextWaiter = 0
    private let fixture: String?
    /// Which of the plugin's instances of one sandbox this is.
    private let instance: Int
    /// Process id outside, once it is started.
    private var pid: Int32?
    /// In the sandbox, where numbers only grow. It leads a session, and so do the machinery and the fixture's setup, with
    /// lower numbers.
    private var innerPid: Int32?
    private var fault: KitFault?
    private let allowance: Allowance
    private let watch: (@Sendable (Recording.Entry) -> Void)?
    private let endsFloods: Bool
    private var allowances: [Processes.Stream: StreamAllowance] = [:]
    /// What the sandbox says that is no report.
    private var complaints: [String] = []
    /// The process that is the root of the sandbox, outside.
    nonisolated let sandbox: Int32

    init(
        _ child: Child, fixture: String?, sandbox: Int32? = nil, instance: Int = 0, probe: String,
        lifecycle: Manifest.Run.Lifecycle, scale: Double, allowance: Allowance,
        watch: (@Sendable (Recording.Entry) -> Void)? = nil, endsFloods: Bool = false
    ) {
        self.child = child
        self.fixture = fixture
        self.instance = instance
        self.scale = scale
        self.allowance = allowance
        self.watch = watch
        self.endsFloods = endsFloods
        self.sandbox = sandbox ?? child.pid
        began = clock.now
        recording = Recording(probe: probe, lifecycle: lifecycle)
    }

    private var elapsed: Duration { clock.now - began }

    // MARK: What is heard

    /// Reads all that it says, to the end of its sandbox.
    /// - Parameter partner: another instance in the same sandbox, of which only the first one is told.
    func listen(partner: Subject? = nil) async {
        for await event in child.events {
            switch event {
            case .line(let line) where line.stream == .status:
                note(line)
                await partner?.alsoNote(line)
            case .line(let line): hear(line)
            case .settled, .end(.status): break
            case .end(let stream): record(.ended(stream))
            case .exited:
                // The sandbox itself, which outlives the plugin unless it could not be made.
                if recording.exit == nil, instance == 0 { fault = fault ?? KitFault(brokenSandbox) }
            }
            wakeAll()
        }
        isOver = true
        wakeAll()
    }

    private var brokenSandbox: String {
        let words = complaints.isEmpty ? "it said nothing" : complaints.joined(separator: "; ")
        return
            "the sandbox of the kit ended before the plugin: \(words) (`penstock doctor` tells what this machine lacks)"
    }

    /// What the sandbox and the supervisor say. Theirs is the first of the two to have the word.
    private func note(_ line: Line) {
        guard let said = try? JSON(parsing: line.bytes, maximumDepth: 2) else {
            complaints.append(String(decoding: line.bytes, as: UTF8.self))
            return
        }
        guard said["instance"].flatMap({ Int($0) }) == instance else { return }
        if let inner = said["started"].flatMap({ Int($0) }) {
            innerPid = Int32(inner)
            pid = ProcessTree(below: sandbox).processes.first { $0.innerPid == innerPid }?.pid
            recording.startedAt = elapsed
        } else if let code = said["exited"].flatMap({ Int($0) }) {
            end(.code(Int32(code)))
        } else if let signal = said["signalled"].flatMap({ Int($0) }) {
            end(.signal(Int32(signal)))
        } else if let status = said["unprepared"].flatMap({ Int($0) }) {
            fault = KitFault("a setup command ended with status \(status)", fixture: fixture)
        } else if let code = said["refused"].flatMap({ Int($0) }) {
            let remedy = code == ENOENT ? "; the interpreter that its first line names must be below /usr" : ""
            fault = KitFault("the plugin's program cannot be run: \(message(ofError: Int32(code)))\(remedy)")
        }
    }

    func alsoNote(_ line: Line) {
        note(line)
        wakeAll()
    }

    private func end(_ exit: Exit) {
        recording.exit = exit
        recording.exitedAt = elapsed
        record(.exited(exit))
    }

    private func hear(_ line: Line) {
        let heard = Recording.Heard(line, jobIds: Set(recording.errands.map(\.job.jobId)))
        guard allowances[line.stream, default: StreamAllowance(of: line.stream)].take(heard, from: allowance) else {
            recording.isCut = true
            if endsFloods { give(up: KitFault("it writes more than is looked at, and was ended", fixture: fixture)) }
            return
        }
        record(.heard(heard))
        guard let message = heard.message, message.body.isTerminal,
            let index = recording.errands.firstIndex(where: { $0.job.jobId == message.jobId }),
            recording.errands[index].terminalAt == nil
        else { return }
        recording.errands[index].terminalAt = elapsed
        recording.errands[index].terminalInstantNanoseconds = instantNanoseconds()
    }

    private func record(_ what: Recording.Occurrence) {
        let entry = Recording.Entry(at: elapsed, what: what)
        recording.entries.append(entry)
        watch?(entry)
    }

    // MARK: What is done

    /// Gives it a job, as it stands or as `line` has it.
    /// - Parameter line: what goes over the wire instead, without its LF.
    func give(_ job: Job, of fixture: Fixture, at place: Place?, line: [UInt8]? = nil, inPieces: Bool = false) async {
        places.append(place)
        recording.errands.append(Recording.Errand(job: job, fixture: fixture, at: elapsed))
        let bytes = line ?? Array(HostMessage.job(job).line.dropLast())
        fault = fault ?? KitFault(inMessage: bytes)
        await send(bytes, inPieces: inPieces)
    }

    /// Writes a line to its input, at once or byte by byte.
    func send(_ line: some Sequence<UInt8>, inPieces: Bool = false) async {
        let bytes = Array(line)
        record(.sent(bytes))
        guard inPieces else { return child.write(bytes + [UInt8(ascii: "\n")]) }
        child.write([bytes[0]])
        // Else it finds all of them together when it begins to read.
        try? await awaitStart()
        try? await pause(.milliseconds(200))
        for byte in bytes.dropFirst() + [UInt8(ascii: "\n")] {
            child.write([byte])
            // So that the reader sees the two halves of a character apart.
            if byte >= 0x80 { try? await clock.sleep(for: .milliseconds(5)) }
        }
    }

    func endInput() {
        record(.inputEnded)
        child.closeInput()
    }

    /// Signals the plugin's process group.
    func signal(_ number: Int32, _ name: String) {
        record(.done(name))
        if let pid, recording.exit == nil { kill(-pid, number) }
    }

    /// SIGTERM, as a host cancels a one-shot plugin.
    func cancel() {
        recording.faults.insert(.cancelled)
        for index in recording.errands.indices { recording.errands[index].isCancelled = true }
        signal(SIGTERM, "SIGTERM")
    }

    func cancel(job id: String, graceSeconds: Int) async {
        if let index = recording.errands.firstIndex(where: { $0.job.jobId == id }) {
            recording.errands[index].isCancelled = true
        }
        await send(
            HostMessage.cancel(Cancel(jobId: id, reason: .user, graceSeconds: graceSeconds)).line.dropLast())
    }

    func hold(_ stream: Processes.Stream) {
        record(.done("reads its \(stream) no more"))
        child.hold(stream)
    }

    func readOn(_ stream: Processes.Stream) {
        record(.done("reads its \(stream) again"))
        child.readOn(stream)
    }

    func closeOutput() {
        recording.faults.insert(.outputClosed)
        record(.done("closes its output"))
        child.close(.output)
    }

    /// Whether its sandbox has ended.
    private(set) var isOver = false

    /// Ends it, because nothing can be said of it.
    func give(up fault: KitFault) {
        self.fault = self.fault ?? fault
        child.end()
        wakeAll()
    }

    func note(_ fault: Recording.Fault) { recording.faults.insert(fault) }

    /// Its processes now, with all that it has started.
    func processes() -> [ProcessTree.Process] {
        guard let innerPid else { return [] }
        return ProcessTree(below: sandbox).processes.filter { $0.innerSession >= innerPid }
    }

    /// Keeps the argument lists of its processes, looked at every few milliseconds until it exits.
    func watchArguments() async {
        while recording.exit == nil, !Task.isCancelled {
            for process in processes() where !process.arguments.isEmpty {
                recording.arguments.insert(process.arguments)
            }
            try? await clock.sleep(for: .milliseconds(3))
        }
    }

    // MARK: Waiting

    /// Waits until something holds of the record, or the time is over.
    /// - Parameter limit: lengthened by the kit's scale of time.
    /// - Returns: whether it holds.
    @discardableResult
    func wait(_ limit: Duration, until holds: @Sendable (Recording) -> Bool) async throws -> Bool {
        let due = clock.now + limit * scale
        while true {
            if let fault { throw fault }
            if holds(recording) { return true }
            guard clock.now < due else { return false }
            await change(before: due)
        }
    }

    /// Waits for the start of the program, which the fixture's setup comes before.
    func awaitStart() async throws {
        guard try await !wait(.seconds(60), until: { $0.startedAt != nil || $0.hasEnded }) else { return }
        throw KitFault("the plugin was not started within a minute; its setup goes on", fixture: fixture)
    }

    /// Lets time pass, but not beyond the exit.
    func pause(_ span: Duration) async throws { try await wait(span, until: \.hasEnded) }

    private func change(before due: ContinuousClock.Instant) async {
        let id = nextWaiter
        nextWaiter += 1
        let alarm = Task {
            try? await clock.sleep(until: due, tolerance: nil)
            waiters.removeValue(forKey: id)?.resume()
        }
        await withCheckedContinuation { waiters[id] = $0 }
        alarm.cancel()
    }

    private func wakeAll() {
        let woken = waiters
        waiters = [:]
        for continuation in woken.values { continuation.resume() }
    }

    /// Waits as a host does for a one-shot plugin: for the terminal message, then for the exit, and ends it if it has
    /// to.
    /// - Parameter lost: how long the kit has kept it from its work.
    func awaitEnd(afterLosing lost: Duration = .zero) async throws {
        guard let errand = recording.errands.first else { return try await awaitExit(within: .seconds(5)) }
        let limit = Duration.seconds(errand.job.timeoutSeconds) - (elapsed - errand.at) + lost
        let ended = try await wait(limit) { $0.hasEnded || $0.errands[0].terminalAt != nil }
        if !ended {
            markOverdue()
            return try await end(within: .seconds(1))
        }
        try await awaitExit(within: .seconds(5))
    }

    /// Its first job has had all its time.
    func markOverdue() { recording.errands[0].isOverdue = true }

    /// Waits for the exit, and ends it if it lingers.
    func awaitExit(within limit: Duration) async throws {
        guard try await !wait(limit, until: \.hasEnded) else { return }
        recording.lingered = true
        try await end(within: .seconds(1))
    }

    /// SIGTERM, and SIGKILL when that does not end it.
    func end(within grace: Duration) async throws {
        recording.faults.insert(.killed)
        signal(SIGTERM, "SIGTERM, because the time is over")
        guard try await !wait(grace, until: \.hasEnded) else { return }
        signal(SIGKILL, "SIGKILL, because it does not end")
        try await wait(.seconds(10), until: \.hasEnded)
    }

    /// Looks at what the process leaves, ends everything, and gives the record.
    func finish() async throws -> Recording {
        if recording.exit == nil { try await end(within: .seconds(1)) }
        let pipes: [Processes.Stream] =
            recording.faults.contains(.outputClosed) ? [.error] : [.output, .error]
        if try await !wait(.seconds(1), until: { recording in pipes.allSatisfy { recording.hasEnded($0) } }) {
            recording.openPipes = Set(pipes.filter { !recording.hasEnded($0) })
        }
        let due = clock.now + .seconds(1) * scale
        recording.survivors = processes()
        while !recording.survivors.isEmpty, recording.openPipes.isEmpty, clock.now < due {
            try? await clock.sleep(for: .milliseconds(50))
            recording.survivors = processes()
        }
        let ticks = ProcessTree(below: sandbox).processes.reduce(0) { $0 + $1.cpuTicks }
        recording.cpuSeconds = Double(ticks) / 100
        await child.finish()
        for (index, place) in places.enumerated() {
            if let place { recording.errands[index].remains = Remains(place) }
        }
        return recording
    }

    func note(strewn: [String]) { recording.strewn = strewn }
}

extension Int {
    fileprivate init?(_ json: JSON) {
        guard case .integer(let integer) = json else { return nil }
        self = Int(integer)
    }
}
