import Pipelines

/// A pipeline prepared for running: who makes what, and which actions start together.
struct Plan: Hashable, Sendable {
    /// Where an action stands in its pipeline.
    struct Place: Hashable, Sendable {
        let stage: Int
        let action: String
    }
    let declared: Pipeline
    /// What is run of it.
    let pipeline: Pipeline
    /// By stage: the groups of equal run order, lowest first, by the actions' positions (ACT-3).
    let groups: [[[Int]]]
    /// By stage: the approvals that give way to a newer execution while they are pending (APR-8).
    let supersedable: [[String]]
    /// By artifact name.
    let producers: [String: Place]
    /// By namespace.
    let namespaces: [String: Place]

    /// - Parameter rollback: if there is one, its stage is all of the pipeline that is run.
    init(_ declared: Pipeline, _ rollback: Rollback?) {
        self.declared = declared
        var pipeline = declared
        if let rollback { pipeline.stages.removeAll { $0.name != rollback.stage } }
        self.pipeline = pipeline
        groups = pipeline.stages.map { stage in
            let orders = Dictionary(grouping: stage.actions.indices) { stage.actions[$0].runOrder }
            return orders.sorted { $0.key < $1.key }.map(\.value)
        }
        supersedable = pipeline.stages.map { stage in
            stage.actions.filter(\.isSupersedable).map(\.name)
        }
        var producers: [String: Place] = [:]
        var namespaces: [String: Place] = [:]
        for (index, stage) in pipeline.stages.enumerated() {
            for action in stage.actions {
                let place = Place(stage: index, action: action.name)
                for artifact in action.outputArtifacts { producers[artifact.name] = place }
                if let namespace = action.namespace { namespaces[namespace] = place }
            }
        }
        self.producers = producers
        self.namespaces = namespaces
    }
}

extension Action {
    fileprivate var isSupersedable: Bool {
        type == .manualApproval && configuration["SupersedeWhilePending"]?.lowercased() == "true"
    }
}

/// How long an action may take, continuations included (QUO).
enum ActionTimeout {
    static func seconds(of action: Action) -> Int {
        let type = action.type
        if type == .manualApproval { return (action.timeoutInMinutes ?? 7 * day / minute) * minute }
        switch (type.category, type.owner, type.provider) {
        case ("Compute", "AWS", "Commands"): return 55 * minute
        case ("Build", "AWS", "CodeBuild"): return 36 * hour
        case ("Test", "AWS", "CodeBuild"): return 8 * hour
        case ("Deploy", "AWS", "CloudFormation"): return 3 * day
        case ("Deploy", "AWS", "CodeDeploy"), ("Deploy", "AWS", "CodeDeployToECS"): return 5 * day
        case ("Deploy", "AWS", "S3"): return 90 * minute
        case ("Invoke", "AWS", "StepFunctions"): return 7 * day
        case ("Invoke", "AWS", "Lambda"), (_, "Custom", _): return 24 * hour
        default: return hour
        }
    }

    private static let minute = 60
    private static let hour = 60 * minute
    private static let day = 24 * hour
}
