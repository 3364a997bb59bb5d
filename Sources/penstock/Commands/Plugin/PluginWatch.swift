import ArgumentParser
import Authoring
import Conformance
import Glibc
import PluginProtocol

extension PluginCommand {
    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Runs a plugin's cases, and again whenever a file of it changes, until Ctrl-C.",
            discussion: "A plugin with a `build` is built first.")

        @Argument(help: "The plugin's folder.") var directory: String
        @Option(name: .customLong("case"), help: ArgumentHelp("These only; may be repeated.", valueName: "name,…"))
        var cases: [String] = []
        @OptionGroup var options: RehearsalOptions

        func run() async throws {
            _ = try PluginFolder(reading: directory)
            do {
                try await interruptible {
                    while !Interruption.wasRequested {
                        let state = await round()
                        while !Interruption.wasRequested, Fingerprint(of: directory) == state {
                            try await Task.sleep(for: .milliseconds(200))
                        }
                        try await settle()
                    }
                }
            } catch let answer as Answer where answer.exit == .stopped {
                // That is how it ends.
            }
        }

        /// Waits until whatever writes several files is done with it.
        private func settle() async throws {
            var last = Fingerprint(of: directory)
            while !Interruption.wasRequested {
                try await Task.sleep(for: .milliseconds(100))
                let now = Fingerprint(of: directory)
                if now == last { return }
                last = now
            }
        }

        /// Builds and runs everything once, and tells how it went.
        /// - Returns: what the folder was like when it ran.
        private func round() async -> Fingerprint {
            print("\n\(timeOfDay(now()))  \(printable(directory))")
            fflush(standardOutput)
            var state = Fingerprint(of: directory)
            do {
                let (folder, manifest) = try options.plugin(directory)
                if manifest.run.build != nil { try PluginBuild.run(in: directory) }
                state = Fingerprint(of: directory)
                try options.requireProgram(folder, manifest, named: directory)
                try await runCases(folder, manifest)
            } catch  where !Interruption.wasRequested {
                complain("\((error as? Answer)?.message ?? "\(error)")")
            } catch {
                // What was cut off tells nothing.
            }
            fflush(standardOutput)
            return state
        }

        private func runCases(_ folder: PluginFolder, _ manifest: Manifest) async throws {
            let names = words(cases)
            let fixtures = try names.isEmpty ? folder.fixtures : names.map(folder.fixture(named:))
            let runnable = fixtures.filter { !$0.needsNetwork || options.surroundings.network }
            let rules = try Installation.specification().set(nil)
            let bench = try Bench(options.setting(folder, manifest))
            let accounts = try await bench.closing {
                try await withThrowingTaskGroup(of: (Int, Account).self) { group in
                    for (index, fixture) in runnable.enumerated() {
                        group.addTask {
                            (
                                index,
                                Account(of: try await bench.rehearse(fixture), by: folder.name, rules, isCase: true)
                            )
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
            }
            for (index, account) in accounts.sorted(by: { $0.0 < $1.0 }) {
                print("  \(account.isGood ? "ok    " : "FAILED")  \(printable(runnable[index].name))")
                if !account.isGood { print(printableLines(account.text).indented) }
            }
            for fixture in fixtures where fixture.needsNetwork && !options.surroundings.network {
                print("  left out  \(printable(fixture.name)) needs the network: see --network")
            }
        }
    }
}

extension String {
    fileprivate var indented: String { split(separator: "\n").map { "      \($0)" }.joined(separator: "\n") }
}
