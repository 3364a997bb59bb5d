extension ValidationRule {
    /// STR-10: blockers are accepted and do nothing; their shape is checked all the same.
    static let blockers = ValidationRule("STR-10") { examination in
        for (stageIndex, stage) in examination.pipeline.stages.enumerated() {
            for (index, blocker) in stage.blockers.enumerated() {
                let path = "stages[\(stageIndex)].blockers[\(index)]"
                examination.report("\(path).name", fault: lengthFault(blocker.name, 1...100))
                if blocker.type != "Schedule" {
                    examination.report(
                        "\(path).type", "\"\(excerpt(blocker.type))\" is not a type of blocker; write Schedule.")
                }
            }
        }
    }
}
