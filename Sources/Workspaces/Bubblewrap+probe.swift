import Glibc
import Processes

/// Whether sandboxes can be had on this machine.
public enum Availability: Hashable, Sendable {
    case available
    /// A sentence with the cause, and one that says how to get one.
    case unavailable(String)
}

extension Sandbox {
    /// Runs `true` in a sandbox, once at start-up; `.none` is always available.
    /// - Parameters:
    ///   - parent: where workspaces are made.
    ///   - owner: a slot's user when we are root.
    public func probe(in parent: String, owner: Identity?, reactor: Reactor = .shared) async -> Availability {
        guard case .bubblewrap(let bubblewrap) = self else { return .available }
        if let missing = bubblewrap.missing { return .unavailable(missing) }
        do {
            let workspace = try Workspace(in: parent, owner: owner)
            defer { try? workspace.remove() }
            var launch = Launch(plugin: workspace.input(""), command: ["/usr/bin/true"], workspace: workspace)
            try launch.makeReachable()
            let (exit, said) = try await run(command(for: launch), reactor)
            return exit == .code(0) ? .available : .unavailable(Bubblewrap.advice(for: said))
        } catch {
            return .unavailable("No sandbox: \(error)")
        }
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
}

extension Bubblewrap {
    /// What is not installed, with the way to get it.
    fileprivate var missing: String? {
        if access(program, X_OK) != 0 {
            return "No sandbox: bubblewrap is not installed (\(program)). Install it with `apt-get install bubblewrap`,"
                + " or \(Self.otherwise)"
        }
        if access(launcher, X_OK) != 0 {
            return "No sandbox: the launcher \(launcher) is missing. It belongs beside the penstock executable, or"
                + " \(Self.otherwise)"
        }
        return nil
    }

    /// Says what to do about a sandbox that could not be built, by what it wrote to its standard error.
    public static func advice(for said: String) -> String {
        let remedy = remedies.first { remedy in remedy.texts.contains(where: said.contains) }?.advice
        let cause = said.isEmpty ? "it ended without a word" : said
        return "No sandbox: \(cause). \(remedy ?? "Find out why bwrap fails on this machine"), or \(otherwise)"
    }

    private static let otherwise =
        "choose `--sandbox none`, which gives every plugin all rights of the user that runs Penstock."

    private static let remedies: [(texts: [String], advice: String)] = [
        (
            ["nesting depth or /proc/sys/user/max_"],
            "This machine allows no more namespaces: raise them with `sysctl user.max_user_namespaces=10000`"
        ),
        (
            ["Can't mount proc on"],
            "The container masks /proc: start it with `--security-opt unmask=ALL` (podman) or"
                + " `--security-opt systempaths=unconfined` (docker)"
        ),
        (
            ["No permissions to create new namespace", "setting up uid map", "Failed RTM_NEWADDR"],
            "Unprivileged user namespaces are denied: allow them with `sysctl kernel.unprivileged_userns_clone=1`"
                + " (Debian) or `sysctl kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu); docker"
                + " needs `--security-opt seccomp=unconfined`"
        ),
        (
            ["Can't find source path", "Permission denied"],
            "The state directory and /usr must be readable by the users as whom plugins run"
        ),
    ]
}
