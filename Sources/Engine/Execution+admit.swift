import Pipelines

extension Execution {
    /// Begins an action of the stage that the execution is in.
    mutating func admit(_ action: Action, stage: Int, _ admission: inout Admission) {
        let attempt = Attempt(
            execution: id, stage: pipeline.stages[stage].name, action: action.name,
            id: ActionExecutionID(admission.identifier()), number: 1)
        stages[stage].actions[action.name] = execution(of: attempt, action, &admission)
    }

    /// Begins a rule, which is run as an action is.
    mutating func admit(_ rule: Rule, of condition: ConditionKind, stage: Int, _ admission: inout Admission) {
        let attempt = Attempt(
            execution: id, stage: pipeline.stages[stage].name, action: rule.name,
            id: ActionExecutionID(admission.identifier()), number: 1, condition: condition)
        let admitted = execution(of: attempt, Action(rule), &admission)
        stages[stage].conditions[condition]?.rules[rule.name] = admitted
    }

    private func execution(
        of attempt: Attempt, _ action: Action, _ admission: inout Admission
    ) -> ActionExecution {
        var admitted = ActionExecution(
            id: attempt.id, startedAt: admission.at, updatedAt: admission.at, resolvedConfiguration: nil,
            external: ExternalExecution(), state: .abandoned)
        do throws(ActionFailure) {
            let resolved = try resolve(action)
            admitted = ActionExecution(
                id: attempt.id, startedAt: admission.at, updatedAt: admission.at,
                resolvedConfiguration: resolved.configuration, external: ExternalExecution(),
                state: try begin(attempt, resolved, secretPlaces(in: action), &admission))
        } catch {
            admitted.fail(error)
        }
        return admitted
    }

    private func begin(
        _ attempt: Attempt, _ action: Action, _ secretPlaces: SecretPlaces?, _ admission: inout Admission
    ) throws(ActionFailure) -> ActionState {
        let deadline = admission.at.adding(seconds: ActionTimeout.seconds(of: action))
        let isRule = attempt.condition != nil
        let stub = isRule ? nil : start.stubs["\(attempt.stage)/\(attempt.action)"]
        if action.type == .manualApproval {
            let stub = try stub?.forApproval()
            let request = ApprovalRequest(
                attempt: attempt, token: admission.identifier(), customData: action.configuration["CustomData"],
                externalEntityLink: action.configuration["ExternalEntityLink"],
                expires: stub?.expiry(from: admission.at, deadline: deadline) ?? deadline, stub: stub)
            admission.effects.append(.awaitApproval(request))
            return .awaitingApproval(request)
        }
        // Names are unique in a stage only (STR-3).
        let isSource = action.type.category == "Source"
        let dispatch = Dispatch(
            attempt: attempt, pipeline: pipeline.name, action: action, secretPlaces: secretPlaces,
            inputs: try inputs(of: action), revisions: revisions(of: action.inputArtifacts), deadline: deadline,
            sourceDirectory: isSource ? start.sourceDirectories[action.name] : nil,
            sourceRevision: isSource ? start.sourceRevisions[action.name] : nil, stub: try stub?.forAction())
        admission.effects.append(.run(dispatch))
        return .running(.init(dispatch: dispatch, losses: 0))
    }

    private func inputs(of action: Action) throws(ActionFailure) -> [String: String] {
        var digests: [String: String] = [:]
        for name in action.inputArtifacts {
            guard let digest = artifact(name) else {
                throw ActionFailure(
                    code: "RevisionUnavailable",
                    message: "input artifact \(name) does not exist: no action before \(action.name) has made it")
            }
            digests[name] = digest
        }
        return digests
    }

    private func revisions(of artifacts: [String]) -> [String: String] {
        var revisions: [String: String] = [:]
        for name in artifacts {
            revisions[name] = plan.producers[name].flatMap(result)?.revision?.id ?? start.rollback?.revisions[name]
        }
        return revisions
    }

    /// The digest of an artifact that has been made.
    public func artifact(_ name: String) -> String? {
        plan.producers[name].flatMap(result)?.artifacts[name] ?? start.rollback?.artifacts[name]
    }

    func result(at place: Plan.Place) -> ActionResult? {
        guard place.stage < stages.count, case .succeeded(let result) = stages[place.stage].actions[place.action]?.state
        else { return nil }
        return result
    }

    /// The action with every variable replaced, just before it starts (VAR-3).
    private func resolve(_ action: Action) throws(ActionFailure) -> Action {
        // VAR-4: a source action's text is taken as it is.
        guard action.type.category != "Source" else { return action }
        let resolved: Action
        do {
            resolved = try action.resolved(value)
        } catch {
            throw ActionFailure(
                code: "ConfigurationError",
                message: """
                    An action in this pipeline failed because one or more variables could not be resolved: \
                    Action name=\(action.name). \(error)
                    """)
        }
        let bytes = resolved.configuration.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard bytes <= Self.resolvedConfigurationLimitBytes else {
            throw ActionFailure(
                code: "ConfigurationError",
                message: """
                    the configuration of \(action.name) has \(bytes) bytes with its variables resolved; \
                    the limit is \(Self.resolvedConfigurationLimitBytes)
                    """)
        }
        return resolved
    }

    /// VAR-9: only the declaration refers to secrets, no value of a variable does.
    private func secretPlaces(in action: Action) -> SecretPlaces? {
        let places = action.secretPlaces(value)
        return places.isEmpty ? nil : places
    }

    /// VAR-7
    static let resolvedConfigurationLimitBytes = 100 << 10

    /// VAR-2
    private func value(of reference: VariableReference) -> String? {
        switch reference.namespace {
        case "codepipeline": return reference.key == "PipelineExecutionId" ? id.text : nil
        case "variables" where !pipeline.variables.isEmpty: return variables[reference.key]
        default:
            return plan.namespaces[reference.namespace].flatMap(result)?.outputVariables[reference.key]
                ?? start.rollback?.outputVariables[reference.namespace]?[reference.key]
        }
    }
}
