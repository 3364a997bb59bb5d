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
        say("sandbox", await sandboxProblem(wiring), "bubblewrap: own user, mount, process and network namespaces")
        let limits = Limits()
        say(
            "limits", nil,
            "a file \(limits.fileBytes >> 30) GiB, a workspace \(limits.workspaceBytes >> 30) GiB and"
                + " \(limits.workspaceEntries) entries, \(limits.openFiles) open files")
        say("settings", nil, wiring.settings.path ?? "none")
        for problem in wiring.catalogue.problems { say("plugins", problem.description, "") }
        for plugin in wiring.catalogue.plugins {
            let problems = plugin.problems(wiring)
            say(plugin.manifest.name, problems.isEmpty ? nil : problems.joined(separator: "; "), plugin.directory)
        }
        throw Answer(isWell ? .yes : .no)
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

    private func sandboxProblem(_ wiring: Wiring) async -> String? {
        do {
            let slots = geteuid() == 0 ? SlotPool() : nil
            let slot = try await slots?.slot()
            guard mkdir(wiring.workspaces, 0o711) == 0 || errno == EEXIST else {
                return "\(wiring.workspaces) cannot be made"
            }
            switch try await wiring.sandbox(.bubblewrap).probe(in: wiring.workspaces, owner: slot?.identity) {
            case .available: return nil
            case .unavailable(let reason): return reason
            }
        } catch {
            return "\(error)"
        }
    }
}
