import Jansson

/// One run of Penstock on the clock: when it was started, when each compiled action began and ended, when it was over.
struct Timeline {
    let whole: Measurement
    /// Nanoseconds of CLOCK_MONOTONIC, in the order of their begins; empty for actions in sh.
    let actions: [(began: Int, ended: Int)]

    init(_ whole: Measurement, events path: String) throws {
        self.whole = whole
        actions = try readLines(path).compactMap { line -> (began: Int, ended: Int)? in
            guard case .string(let text) = try JSON(parsing: line)["externalExecutionId"] else { return nil }
            let moments = text.split(separator: " ").compactMap { Int($0) }
            return moments.count == 2 ? (moments[0], moments[1]) : nil
        }.sorted { $0.began < $1.began }
    }

    /// From the program's start to the first action's.
    var start: Double { milliseconds(whole.startNanoseconds, actions[0].began) }
    /// From the last action's end to the program's.
    var end: Double { milliseconds(actions.map(\.ended).max()!, whole.endNanoseconds) }
    /// Between the end of one action and the begin of the next, where they run in a row.
    var gaps: [Double] { zip(actions, actions.dropFirst()).map { milliseconds($0.ended, $1.began) } }

    private func milliseconds(_ from: Int, _ to: Int) -> Double { Double(to - from) / 1e6 }
}

extension Comparison {
    /// Where the time of a compiled action in a row goes.
    var breakdown: String {
        guard let bare = milliseconds[.bare]?.median, let committing = milliseconds[.committing]?.median else {
            return ""
        }
        var lines = [pad("Where the time goes, \(shape.title)", 46) + pad("no sandbox", 24) + "sandboxed"]
        func add(_ title: String, _ values: (Run) -> [Double]) {
            let cells = [false, true].map { sandboxed in
                runs[sandboxed, default: []].reduce(into: Series()) { series, run in
                    for value in values(run) { series.add(value) }
                }
            }
            lines.append("  " + pad(title, 44) + cells.map { pad($0.text, 24) }.joined())
        }
        add("start of the program to the first action, ms") { [$0.one.start, $0.all.start] }
        add("end of one action to the begin of the next") { $0.all.gaps }
        add("  in the action itself") { $0.all.actions.map { Double($0.ended - $0.began) / 1e6 } }
        add("end of the last action to the program's") { [$0.one.end, $0.all.end] }
        add("processor time an action, all processes, ms") { run in
            let used = run.all.whole.processorMicroseconds - run.one.whole.processorMicroseconds
            return [Double(used) / 1e3 / Double(run.shape.count - 1)]
        }
        lines.append("  a bare spawn takes \(fixed(bare)) ms of a gap, a commit \(fixed((committing - bare) / 2)) ms")
        return lines.joined(separator: "\n")
    }
}
