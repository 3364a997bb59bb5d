extension ValidationRule {
    /// STR-4: how many stages, and actions in a stage and in the pipeline.
    static let counts = ValidationRule("STR-4") { examination in
        let (pipeline, limits) = (examination.pipeline, examination.limits)
        examination.report("stages", fault: countFault(pipeline.stages.count, of: "stages", limits.stages))
        for (index, stage) in pipeline.stages.enumerated() {
            let fault = countFault(stage.actions.count, of: "actions", limits.actionsInStage)
            examination.report("stages[\(index)].actions", fault: fault)
        }
        if examination.actions.count > limits.actionsInPipeline {
            examination.report(
                "stages",
                "Have \(examination.actions.count) actions together; \(limits.actionsInPipeline) are allowed."
            )
        }
    }
}
