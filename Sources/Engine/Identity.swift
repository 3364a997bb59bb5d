/// A moment in milliseconds since 1970-01-01 UTC; the engine never reads a clock, it is told.
public struct Instant: Hashable, Sendable, Codable, Comparable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (one: Self, other: Self) -> Bool { one.milliseconds < other.milliseconds }

    public func adding(seconds: Int) -> Instant { Instant(milliseconds: milliseconds + Int64(seconds) * 1_000) }
}

/// A UUID in its text form, lower case.
public struct ExecutionID: Hashable, Sendable, Codable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }
}

/// A UUID in its text form: one admission of one action. It stays the same over continuations and after a crash, and
/// is new after a retry: the plugin's idempotency key.
public struct ActionExecutionID: Hashable, Sendable, Codable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }
}

/// The key of one dispatch of one action: results are matched by all of it.
public struct Attempt: Hashable, Sendable, Codable, CustomStringConvertible {
    public let execution: ExecutionID
    public let stage: String
    public let action: String
    public let id: ActionExecutionID
    /// From 1; counts the dispatches under `id`.
    public let number: Int
    /// Which condition of the stage `action` is a rule of; nil for an action.
    public let condition: ConditionKind?

    public init(
        execution: ExecutionID, stage: String, action: String, id: ActionExecutionID, number: Int,
        condition: ConditionKind? = nil
    ) {
        self.execution = execution
        self.stage = stage
        self.action = action
        self.id = id
        self.number = number
        self.condition = condition
    }

    public var place: PlacedAction.Place { .init(stage: stage, condition: condition, name: action) }

    public var description: String { "\(place)#\(number)" }

    var next: Attempt {
        Attempt(
            execution: execution, stage: stage, action: action, id: id, number: number + 1, condition: condition)
    }
}

/// 128 random bits that ride in a fact, from which the ids of whatever the fact admits are derived.
public struct Seed: Hashable, Sendable, Codable {
    public var high: Int64
    public var low: Int64

    public init(high: Int64, low: Int64) {
        self.high = high
        self.low = low
    }

    /// The `index`-th of the seeds that this one gives, from 1; none of them loses any of its bits.
    func derived(_ index: Int) -> Seed {
        var (first, second) = (UInt64(bitPattern: high) ^ UInt64(index), UInt64(bitPattern: low))
        return Seed(high: Int64(bitPattern: mix(&first)), low: Int64(bitPattern: mix(&second)))
    }

    /// The `index`-th UUID (version 4) of this seed.
    func identifier(_ index: Int) -> String {
        var state = UInt64(bitPattern: high) &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15
        let first = (mix(&state) & ~0xF000) | 0x4000
        state ^= UInt64(bitPattern: low)
        let second = (mix(&state) & (1 << 62 - 1)) | (1 << 63)
        return uuidText(first, second)
    }
}

/// SplitMix64: a bijection of 64 bits, so two indices of one seed never meet.
private func mix(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
}

private func uuidText(_ high: UInt64, _ low: UInt64) -> String {
    String(unsafeUninitializedCapacity: 36) { text in
        var end = 0
        for position in 0..<32 {
            // 8-4-4-4-12
            if position & 3 == 0, 8...20 ~= position {
                text[end] = UInt8(ascii: "-")
                end += 1
            }
            let digit = UInt8(truncatingIfNeeded: (position < 16 ? high : low) >> UInt64(60 - position % 16 * 4)) & 0xF
            text[end] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
            end += 1
        }
        return end
    }
}
