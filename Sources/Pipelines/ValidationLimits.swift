/// How many of each a pipeline may have (STR-4); AWS's own pages give several numbers, these are the larger ones.
public struct ValidationLimits: Hashable, Sendable {
    public var stages: ClosedRange<Int>
    public var actionsInStage: ClosedRange<Int>
    public var actionsInPipeline: Int

    public init(
        stages: ClosedRange<Int> = 2...50, actionsInStage: ClosedRange<Int> = 1...100, actionsInPipeline: Int = 1000
    ) {
        self.stages = stages
        self.actionsInStage = actionsInStage
        self.actionsInPipeline = actionsInPipeline
    }
}
