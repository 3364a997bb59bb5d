import Jansson
import PluginProtocol

/// Why nothing can be said of a plugin: the kit, its sandbox or a fixture failed, and not the plugin.
public struct KitFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// The fixture whose own commands failed; nil where it is the kit.
    public let fixture: String?

    public init(_ description: String, fixture: String? = nil) {
        self.description = description
        self.fixture = fixture
    }
}

extension KitFault {
    /// What the kit itself says wrong, so that no plugin is blamed for that (KIT-01); nil when it says it well.
    init?(inMessage line: [UInt8]) {
        do {
            guard line.count < MessageLimits.lineBytes else {
                self.init("KIT-01: a job of the kit has \(line.count + 1) bytes with its LF")
                return
            }
            _ = try HostMessage(JSON(parsing: line, maximumDepth: MessageLimits.depth))
            return nil
        } catch {
            self.init("KIT-01: a job of the kit is no valid message: \(error)")
        }
    }
}
