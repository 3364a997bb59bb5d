import Processes
import Workspaces

/// What a sandbox costs: one compiled action started in each, in turns, beside what the same bwrap line costs by itself.
struct LaunchBench {
    private enum Contender: CaseIterable {
        case bare, bwrap, bubblewrap, namespaces, landlock

        var title: String {
            switch self {
            case .bare: "bare spawn"
            case .bwrap: "the line of bwrap, without the launcher"
            case .bubblewrap: "--sandbox bubblewrap"
            case .namespaces: "--sandbox namespaces"
            case .landlock: "--sandbox landlock"
            }
        }

        var profile: Sandbox.Profile {
            switch self {
            case .bare: .none
            case .bwrap, .bubblewrap: .bubblewrap
            case .namespaces: .namespaces
            case .landlock: .landlock
            }
        }
    }

    private let site: Site

    init(_ site: Site) { self.site = site }

    /// One start of each a round: what disturbs the machine for long disturbs all of them.
    func report(rounds: Int) async throws -> String {
        var taken: [Contender: Series] = [:]
        for _ in 0..<rounds {
            for contender in Contender.allCases {
                taken[contender, default: Series()].add(try await milliseconds(contender))
            }
        }
        let lines = Contender.allCases.map { contender in
            let (series, bare, line) = (taken[contender]!, taken[.bare]!, taken[.bwrap]!)
            return "  " + pad(contender.title, 42) + pad(fixed(series.least), 10) + pad(fixed(series.median), 10)
                + pad(fixed(series.least / bare.least), 10) + pad(fixed(series.over(bare).median), 10)
                + pad(fixed(series.least / line.least), 10) + fixed(series.over(line).median)
        }
        let head =
            pad("\(rounds) starts of each", 44) + pad("ms, least", 10) + pad("median", 10) + pad("times bare", 10)
            + pad("median", 10) + pad("times bwrap", 10) + " median"
        return ([head] + lines).joined(separator: "\n")
    }

    private func milliseconds(_ contender: Contender) async throws -> Double {
        var command = try await site.floor(.compiled, in: contender.profile)
        var user: UInt32?
        if contender == .bwrap {
            let line = command.arguments.drop { $0 != "--" }.dropFirst()
            (command.executable, command.arguments) = (line.first!, Array(line.dropFirst()))
            user = site.user
        }
        return try await site.stopwatch.time(command, input: site.path("job"), user: user).milliseconds
    }
}
