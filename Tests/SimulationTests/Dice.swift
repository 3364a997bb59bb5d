import Engine
import Synchronization

/// SplitMix64: everything that is drawn follows from one number.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func isOne(of count: Int) -> Bool { number(1...count) == 1 }
    mutating func seed() -> Seed { Seed(high: Int64(bitPattern: next()), low: Int64(bitPattern: next())) }

    /// One of them; nil of none.
    mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &self) }
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
