import ArgumentParser
import Glibc
import PluginHost
import PluginProtocol
import Settings
import Store
import Workspaces

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what this machine can do: sandbox, limits, state, plugins.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let wiring = try Wiring(common)
        var isWell = true
        func say(_ subject: String, _ problem: String?, _ fine: String) {
            if problem != nil { isWell = false }
            if problem != nil || !common.quiet {
                print("\(problem == nil ? "ok  " : "BAD ") \(subject.padded(to: 10)) \(problem ?? fine)")
            }
        }
        say("penstock", nil, "\(Penstock.version), \(wiring.launcher)")
        say("state", await stateProblem(wiring), wiring.state)
        await sayOfSandboxes(wiring, say)
        let limits = Limits()
        say(
            "limits", nil,
            "a file \(limits.fileBytes >> 30) GiB, a workspace \(limits.workspaceBytes >> 30) GiB and"
                + " \(limits.workspaceEntries) entries, \(limits.openFiles) open files; \(memory)")
        say("settings", nil, wiring.settings.path ?? "none")
        for problem in wiring.catalogue.problems { say("plugins", problem.description, "") }
        for plugin in wiring.catalogue.plugins {
            let problems = plugin.problems(wiring)
            say(plugin.manifest.name, problems.isEmpty ? nil : problems.joined(separator: "; "), plugin.directory)
        }
        throw Answer(isWell ? .yes : .no)
    }

    /// Whether memory can be limited, too.
    private var memory: String {
        do throws(WorkspaceError) {
            try ControlGroups().remove()
            return "of memory as settings say"
        } catch {
            return "of memory none: \(error)"
        }
    }

    private func stateProblem(_ wiring: Wiring) async -> String? {
        do {
            let store = try wiring.store(.writing)
            store.close()
            return nil
        } catch let error as StoreError where error.code == .locked {
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// The one that is used unasked, and what each of the others lacks.
    private func sayOfSandboxes(_ wiring: Wiring, _ say: (String, String?, String) -> Void) async {
        do {
            let slot = try await SlotPool.own()?.slot()
            try wiring.makeWorkspaces()
            var used: Sandbox?
            var lines: [(profile: Sandbox.Profile, text: String)] = []
            var firstLack: String?
            for profile in Sandbox.preferred {
                let sandbox = try wiring.sandbox(profile)
                switch await sandbox.probe(in: wiring.workspaces, owner: slot?.identity) {
                case .available:
                    lines.append((profile, used == nil ? "works, and is used" : "works"))
                    used = used ?? sandbox
                case .unavailable(let lack):
                    lines.append((profile, lack.description))
                    firstLack = firstLack ?? lack.description
                }
            }
            say("sandbox", used == nil ? firstLack : nil, used.map { $0.profile.rawValue + $0.weakness } ?? "")
            if common.quiet { return }
            for line in lines { print("    - \(line.profile.rawValue.padded(to: 10)) \(line.text)") }
        } catch {
            say("sandbox", "\(error)", "")
        }
    }
}
