import PluginProtocol
import Processes
import Synchronization

/// How much of what a plugin writes is kept: one that floods the kit must not take all of its memory.
final class Allowance: Sendable {
    /// Of all processes of one plugin together.
    private let leftBytes = Atomic(512 << 20)

    /// False when nothing is left.
    func take(_ bytes: Int) -> Bool {
        leftBytes.subtract(bytes, ordering: .relaxed).newValue >= 0
    }
}

/// The part of one stream of one process.
struct StreamAllowance {
    private var lines: Int
    private var bytes = 32 << 20
    /// Results that come later are the end of what a job tells, and kept nevertheless.
    private var results = 100

    /// A log may well be long; each line of standard output is looked at by many rules.
    init(of stream: Processes.Stream) { lines = stream == .error ? 100_000 : 20_000 }

    /// Whether a line is kept.
    mutating func take(_ heard: Recording.Heard, from allowance: Allowance) -> Bool {
        let cost = heard.line.bytes.count + MemoryLayout<Recording.Entry>.size
        if lines > 0, bytes >= cost, allowance.take(cost) {
            lines -= 1
            bytes -= cost
            return true
        }
        guard heard.message?.body.isTerminal == true, results > 0 else { return false }
        results -= 1
        return true
    }
}
