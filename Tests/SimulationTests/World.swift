import Dice
import Engine
import Foundation
import Pipelines
import Store

/// A machine with several pipelines to which anything happens, likely or not, as one number has it.
///
/// One step follows another: each waits until nothing moves any more, so the same number tells the same story again.
struct World {
    private(set) var steps = 0
    /// Of everything that happened.
    private(set) var digest: UInt64 = 14_695_981_039_346_656_037
    /// Kinds of what happened.
    private(set) var seen: Set<String> = []
    private(set) var lines: [Line] = []
    var dice: Dice
    let clock = SimulatedClock()
    private let folder: URL
    private var store: Store
    private var count = 0

    init(seed: Int) async throws {
        dice = Dice(state: UInt64(seed))
        // Memory, where there is such: a power cut is not among the faults.
        let shared = URL(filePath: "/dev/shm")
        let isThere = FileManager.default.isWritableFile(atPath: shared.path)
        let parent = isThere ? shared : FileManager.default.temporaryDirectory
        folder = parent.appending(path: "penstock-simulation-\(UUID().uuidString)")
        store = try Store(directory: folder.path, access: .writing)
        for index in 0..<dice.number(1...3) {
            lines.append(try await Line("p\(index)", store, clock, &dice))
        }
    }

    func remove() {
        store.close()
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: Steps

    mutating func step() async throws {
        steps += 1
        clock.advance(milliseconds: dice.number(0...2_000_000))
        let line = dice.number(0...lines.count - 1)
        switch dice.number(0...999) {
        case 0...3: return try await restart()
        case 4...11: return clock.advance(milliseconds: jump())
        case 12...19: return try await edit(line)
        case 20...59:
            let events = (0...dice.number(1...3)).map { _ in event(line) }
            try await take(events, at: line, nil)
        default:
            try await take([event(line)], at: line, dice.isOne(of: 100) ? dice.pick(Fault.allCases) : nil)
        }
        if dice.isOne(of: 20), let id = someExecution(of: line) { try await lines[line].check(id, store) }
    }

    /// Hours or weeks, forth or back.
    private mutating func jump() -> Int {
        let hours = dice.isOne(of: 2) ? dice.number(1...48) : dice.number(1...40) * 24
        return hours * 3_600_000 * (dice.isOne(of: 3) ? -1 : 1)
    }

    mutating func take(_ events: [PipelineEvent], at line: Int, _ fault: Fault?) async throws {
        let expected = events.count == 1 ? lines[line].expectation(of: events[0], at: clock.now) : nil
        if fault == .killedPerforming { lines[line].outside.killAfter(dice.number(0...1)) }
        let outcome = try await lines[line].take(events, fault)
        for event in events { note(event.title) }
        for word in lines[line].told { note(word) }
        seen.formUnion(lines[line].seen)
        if let fault { seen.insert("\(fault)") }
        if let expected, let rejection = outcome?[0] {
            try require(!expected, "\(events[0]) is refused: \(rejection)")
        } else if let expected, outcome != nil {
            try require(expected, "\(events[0]) is accepted")
        }
        if fault == .killedPerforming {
            try await restart()
        } else if outcome == nil {
            if fault?.endsProcess == true { try await restart() } else { try await recover(line) }
        }
    }

    /// A new version, if the process lives long enough to say so.
    private mutating func edit(_ line: Int) async throws {
        let pipeline = Pipeline.random(lines[line].name, &dice)
        let version = try await store.save(pipeline, at: Instant(milliseconds: 0))
        guard version > lines[line].laws.version else { return }
        if dice.isOne(of: 5) { return try await restart() }
        try await take([.declared(pipeline, version: version)], at: line, dice.isOne(of: 5) ? .killedBefore : nil)
    }

    // MARK: The end of a process

    /// Everything is killed, and begins again with what is on the disk.
    private mutating func restart() async throws {
        note("restart")
        store.close()
        store = try Store(directory: folder.path, access: .writing)
        for line in lines.indices { try await recover(line) }
    }

    private mutating func recover(_ line: Int) async throws {
        lines[line].loseMail(&dice)
        for _ in 0..<3 where dice.isOne(of: 4) {
            if try await lines[line].recover(store, dice.pick([.writeFails, .killedBefore, .killedAfter])) { return }
        }
        try require(try await lines[line].recover(store, nil), "a sound core gets up")
    }

    // MARK: The end of everything

    /// Everything is let through and answered well, until nothing is left.
    mutating func finish() async throws {
        for line in lines.indices {
            for stage in lines[line].laws.pipeline.stages {
                for side in TransitionChange.Side.allCases {
                    let change = TransitionChange(stage: stage.name, side: side, disabledReason: nil, by: "ann")
                    try await take([.transitionChanged(change)], at: line, nil)
                }
            }
            for _ in 0..<1_000 {
                guard let attempt = dice.pick(lines[line].openAttempts) else { break }
                try await take([lines[line].goodAnswer(to: attempt)], at: line, nil)
            }
            try require(lines[line].state.executions.isEmpty, "when faults stop, everything ends (law 5)")
            for gate in lines[line].state.gates.values {
                try require(gate.inside == nil && gate.waiting.isEmpty, "when all is over, nobody is anywhere")
            }
            for id in lines[line].laws.latest.keys.sorted(by: { $0.text < $1.text }).suffix(10) {
                try await lines[line].check(id, store)
            }
        }
    }

    // MARK: Chance

    mutating func nextExecution() -> ExecutionID {
        count += 1
        return ExecutionID("e\(100_000 + count)")
    }

    /// Mostly one that is not over.
    mutating func someExecution(of line: Int) -> ExecutionID? {
        let laws = lines[line].laws
        let ids = dice.isOne(of: 6) ? Array(laws.latest.keys) : Array(laws.open.keys)
        return dice.pick(ids.sorted { $0.text < $1.text })
    }

    mutating func work(_ line: Int) -> PipelineEvent? { lines[line].work(&dice) }

    mutating func review(_ line: Int) -> PipelineEvent? { lines[line].review(&dice, clock.now) }

    /// FNV-1a
    private mutating func note(_ text: String) {
        for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 1_099_511_628_211 }
    }
}
