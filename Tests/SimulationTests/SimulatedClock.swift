import Dice
import Engine
import Synchronization

extension Dice {
    mutating func seed() -> Seed { Seed(high: Int64(bitPattern: next()), low: Int64(bitPattern: next())) }
}

/// The time of a simulated machine, which somebody may set.
final class SimulatedClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_700_000_000_000)

    var now: Instant { Instant(milliseconds: milliseconds.withLock { $0 }) }

    func advance(milliseconds change: Int) { milliseconds.withLock { $0 += Int64(change) } }

    /// - Parameter seed: of all ids that are drawn.
    func circumstance(seed: Dice) -> Circumstance {
        let source = Source(seed)
        return Circumstance(now: { self.now }, seed: { source.dice.withLock { $0.seed() } })
    }

    private final class Source: Sendable {
        let dice: Mutex<Dice>
        init(_ dice: Dice) { self.dice = Mutex(dice) }
    }
}
