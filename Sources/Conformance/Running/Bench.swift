import Glibc
import Jansson
import PluginProtocol
import Processes
import Workspaces

/// Where one plugin is tried: what is known of it, how it is run, and the record of every process of it so far.
public actor Bench {
    /// How the plugin is run, the same for every process of it.
    public struct Setting: Sendable {
        public var manifest: Manifest
        public var fixtures: [Fixture]
        /// The plugin's folder.
        public var directory: String
        /// Path of `penstock-sandbox`.
        public var launcher: String
        /// Whether fixtures that need it have the machine's network.
        public var network = false
        /// Variables that the plugin gets if its manifest asks for them: they may hold secrets of whoever judges it.
        public var environment: [String: String] = [:]
        /// Configuration key to the value of a secret, where it is not made up.
        public var secrets: [String: String] = [:]
        /// By which every limit of time is multiplied.
        public var scale = 1.0
        /// Decides whatever is random.
        public var seed: UInt64 = 1
        /// Whether a plugin that writes more than is kept is ended, and nothing said of it: for who only wants to look.
        public var endsFloods = false
        /// Is told what happens to a plugin when it happens.
        public var watch: (@Sendable (Recording.Entry) -> Void)?

        public init(manifest: Manifest, fixtures: [Fixture], directory: String, launcher: String) {
            self.manifest = manifest
            self.fixtures = fixtures
            self.directory = directory
            self.launcher = launcher
        }
    }

    /// What `/etc/passwd` of the kit's sandbox names as the user's home.
    static let home = "/home/penstock"

    public nonisolated let setting: Setting
    /// Folder of everything that is made here, removed by `close`.
    nonisolated let base: String
    /// The plugin's folder as everybody may read it, and the program that starts it.
    nonisolated let (plugin, launcher): (String, String)
    nonisolated let etc: Etc
    nonisolated let slots: SlotPool?
    nonisolated let allowance = Allowance()
    public private(set) var recordings: [Recording] = []
    /// Name of a fixture to its run in which nothing was done to the plugin.
    private var plainRuns: [String: Task<Recording, any Error>] = [:]
    private var scenes = 0
    private var random: SeededNumbers

    /// - Throws: and leaves nothing behind.
    public init(_ setting: Setting) throws {
        try Interruption.check()
        guard access("/usr/bin/bwrap", X_OK) == 0 else {
            throw KitFault("bubblewrap is not installed: `apt-get install bubblewrap`; a plugin is judged in it only")
        }
        slots = try SlotPool.own()
        base = try makeTemporaryFolder()
        (plugin, launcher) = ("\(base)/plugin", "\(base)/launcher/penstock-sandbox")
        do {
            etc = try Self.fill(base, setting)
        } catch {
            try? Workspace(root: base, owner: nil).remove()
            throw error
        }
        self.setting = setting
        random = SeededNumbers(seed: setting.seed)
    }

    /// - Returns: what stands for `/etc`.
    private static func fill(_ base: String, _ setting: Setting) throws -> Etc {
        chmod(base, 0o711)
        try copyTree(setting.directory, to: "\(base)/plugin", limit: Usage(bytes: 2 << 30, entries: 200_000))
        guard mkdir("\(base)/launcher", 0o755) == 0, let program = bytes(ofFile: setting.launcher) else {
            throw KitFault("cannot copy \(setting.launcher): \(message(ofError: errno))")
        }
        try write(program, to: "\(base)/launcher/penstock-sandbox", mode: 0o755)
        let etc = try Etc(in: base)
        // A home of its own there, which is not the workspace's.
        let user = "root:x:0:0:root:/root:/bin/sh\npenstock:x:1000:1000:penstock:\(home):/bin/sh\n"
        try write(Array(user.utf8), to: "\(etc.folder)/passwd", mode: 0o644)
        return etc
    }

    /// Removes everything that was made here.
    public func close() { try? Workspace(root: base, owner: nil).remove() }

    func keep(_ recording: Recording) { recordings.append(recording) }

    /// A fixture run as a host would run it; once only, whoever asks.
    func plainRun(of fixture: Fixture) async throws -> Recording {
        if let known = plainRuns[fixture.name] { return try await known.value }
        let probe = fixture.traits.contains(.longRunning) ? "long" : "fixtures"
        let started = Task { try await run(fixture, probe: probe, verifying: true) }
        plainRuns[fixture.name] = started
        return try await started.value
    }

    /// A folder of its own for one scenario, and random numbers that no other scenario has.
    func newScene() -> (number: Int, random: SeededNumbers) {
        scenes += 1
        return (scenes, SeededNumbers(seed: random.next()))
    }
}

/// Random numbers that are the same again for the same seed.
struct SeededNumbers: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    // SplitMix64, by Steele, Lea and Flood.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A random UUID, version 4, in small letters.
    mutating func uuid() -> String {
        let digits = (String(next(), radix: 16), String(next(), radix: 16))
        let text = Array(
            (String(repeating: "0", count: 16 - digits.0.count) + digits.0
                + String(repeating: "0", count: 16 - digits.1.count) + digits.1))
        let variant = ["8", "9", "a", "b"][Int(text[16].hexDigitValue!) % 4]
        return String(text[0..<8]) + "-" + String(text[8..<12]) + "-4" + String(text[13..<16]) + "-" + variant
            + String(text[17..<20]) + "-" + String(text[20..<32])
    }
}

func bytes(ofFile path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while case let count = read(file, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
    return bytes
}
