import Glibc
import Processes

/// Whether a sandbox can be had on this machine.
public enum Availability: Hashable, Sendable {
    case available
    case unavailable(Lack)

    /// Why there is none.
    public struct Lack: Hashable, Sendable, CustomStringConvertible {
        public let cause: String
        /// A sentence without its end, which says how to get one.
        public let remedy: String

        public var description: String {
            "No sandbox: \(cause). \(remedy), or choose `--sandbox none`, which gives every plugin all rights of the user"
                + " that runs Penstock."
        }
    }
}

extension Sandbox {
    /// Runs `true` in the sandbox, once at start-up; `.none` is always available.
    /// - Parameters:
    ///   - parent: where workspaces are made.
    ///   - owner: a slot's user when we are root.
    public func probe(in parent: String, owner: Identity?, reactor: Reactor = .shared) async -> Availability {
        guard isConfined else { return .available }
        if let missing { return .unavailable(missing) }
        do {
            let workspace = try Workspace(in: parent, owner: owner)
            defer { try? workspace.remove() }
            var launch = Launch(plugin: workspace.input(""), command: ["/usr/bin/true"], workspace: workspace)
            try prepare(&launch)
            let (exit, said) = try await run(command(for: launch), reactor)
            return exit == .code(0) ? .available : .unavailable(lack(for: said))
        } catch {
            return .unavailable(lack(for: "\(error)"))
        }
    }

    /// Those that are tried where nobody says which, best and cheapest first.
    public static let preferred: [Profile] = [.namespaces, .bubblewrap, .landlock]

    /// The first of the preferred ones that works here.
    /// - Returns: nil when none does; and what those before it lack.
    public func firstAvailable(
        in parent: String, owner: Identity?
    ) async -> (Sandbox?, lacks: [(profile: Profile, lack: Availability.Lack)]) {
        var lacks: [(profile: Profile, lack: Availability.Lack)] = []
        for profile in Self.preferred {
            var sandbox = self
            sandbox.profile = profile
            switch await sandbox.probe(in: parent, owner: owner) {
            case .available: return (sandbox, lacks)
            case .unavailable(let lack): lacks.append((profile, lack))
            }
        }
        return (nil, lacks)
    }

    private func run(_ command: Command, _ reactor: Reactor) async throws(SpawnError) -> (Exit?, String) {
        let child = try await reactor.spawn(command)
        child.closeInput()
        var exit: Exit?
        var said: [String] = []
        for await event in child.events {
            switch event {
            case .exited(let end): exit = end
            case .line(let line) where line.stream == .error: said.append(String(decoding: line.bytes, as: UTF8.self))
            case .line, .settled, .end: break
            }
        }
        await child.finish()
        return (exit, said.joined(separator: "; "))
    }

    /// What is not installed, with the way to get it.
    private var missing: Availability.Lack? {
        if profile == .bubblewrap, access(bubblewrap, X_OK) != 0 {
            return .init(
                cause: "bubblewrap is not installed (\(bubblewrap))",
                remedy: "Install it with `apt-get install bubblewrap`")
        }
        if access(launcher, X_OK) != 0 {
            return .init(
                cause: "the launcher \(launcher) is missing", remedy: "It belongs beside the penstock executable")
        }
        return nil
    }

    /// What to do about a sandbox that could not be built, by what it wrote to its standard error.
    private func lack(for said: String) -> Availability.Lack {
        let remedy = remedies.first { remedy in remedy.texts.contains(where: said.contains) }?.advice
        let maker = profile == .bubblewrap ? "bwrap" : "penstock-sandbox"
        return .init(
            cause: said.isEmpty ? "it ended without a word" : said,
            remedy: remedy ?? "Find out why \(maker) fails on this machine")
    }
}

/// What bwrap and our launcher say, and what helps.
private let remedies: [(texts: [String], advice: String)] = [
    (
        ["nesting depth or /proc/sys/user/max_", "cannot make namespaces: No space left on device"],
        "This machine allows no more namespaces: raise them with `sysctl user.max_user_namespaces=10000`"
    ),
    (
        ["Can't mount proc on", "cannot mount /proc: Operation not permitted"],
        "The container masks /proc: start it with `--security-opt unmask=ALL` (podman) or"
            + " `--security-opt systempaths=unconfined` (docker)"
    ),
    (
        [
            "No permissions to create new namespace", "setting up uid map", "Failed RTM_NEWADDR",
            "cannot make namespaces: Operation not permitted", "cannot write /proc/self/", "cannot mount a root",
        ],
        "Unprivileged user namespaces are denied: allow them with `sysctl kernel.unprivileged_userns_clone=1`"
            + " (Debian) or `sysctl kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu); docker"
            + " needs `--security-opt seccomp=unconfined`"
    ),
    (
        ["Landlock"],
        "Landlock takes Linux 6.2 or later, built with it and with `landlock` in the list of its option `lsm=`"
    ),
    (
        ["Can't find source path", "Permission denied"],
        "The state directory and /usr must be readable by the users as whom plugins run"
    ),
]
