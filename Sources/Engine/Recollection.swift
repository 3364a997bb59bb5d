import Pipelines

/// An execution as it was at some moment, with everything that had been admitted by then.
public struct Recollection: Hashable, Sendable {
    public let execution: Execution
    /// Every admission of every action and rule, oldest first.
    public let actions: [PlacedAction]

    /// Whether an admission was the newest one of its action then.
    public func isCurrent(_ action: PlacedAction) -> Bool {
        execution.stages.contains { $0[action.place]?.id == action.execution.id }
    }
}

extension Execution {
    /// An execution as it was after the last of `journal`, which may end anywhere.
    /// - Throws: as `folding`.
    /// - Returns: nil for a journal that does not begin with a start.
    public static func recollection(
        of journal: some Sequence<Fact>, _ pipeline: Pipeline
    ) throws(Rejection) -> Recollection? {
        var order: [ActionExecutionID] = []
        var newest: [ActionExecutionID: PlacedAction] = [:]
        let folded = try fold(journal, of: pipeline) { _, execution, admission in
            // A stage before the last two has been left, and does not change any more.
            let present = execution.stages.indices.suffix(2).flatMap {
                execution.stages[$0].every(of: execution.pipeline.stages[$0])
            }
            for placed in admission.replaced + present {
                if newest.updateValue(placed, forKey: placed.execution.id) == nil { order.append(placed.execution.id) }
            }
        }
        return folded.map { Recollection(execution: $0, actions: order.compactMap { newest[$0] }) }
    }
}
