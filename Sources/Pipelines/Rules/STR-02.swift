extension ValidationRule {
    /// STR-2: the characters and lengths of names, keys and values.
    static let names = ValidationRule("STR-2") { examination in
        let pipeline = examination.pipeline
        examination.report("name", fault: NamePattern.name.fault(in: pipeline.name))
        for (index, stage) in pipeline.stages.enumerated() {
            examination.report("stages[\(index)].name", fault: NamePattern.name.fault(in: stage.name))
        }
        for placed in examination.actions { examination.examineNames(of: placed.action, at: placed.path) }
        for placed in examination.rules {
            let rule = placed.rule
            examination.report("\(placed.path).name", fault: NamePattern.name.fault(in: rule.name))
            examination.examine(rule.type, at: "\(placed.path).ruleTypeId")
            examination.examine(rule.configuration, valueLength: 1...10_000, at: "\(placed.path).configuration")
            if rule.configuration.count > 200 {
                examination.report(
                    "\(placed.path).configuration", "Has \(rule.configuration.count) keys; 200 are allowed.")
            }
        }
    }
}

extension Examination {
    fileprivate mutating func examineNames(of action: Action, at path: String) {
        report("\(path).name", fault: NamePattern.name.fault(in: action.name))
        examine(action.type, at: "\(path).actionTypeId")
        examine(action.configuration, valueLength: 1...1000, at: "\(path).configuration")
        for (index, name) in action.inputArtifacts.enumerated() {
            report("\(path).inputArtifacts[\(index)].name", fault: NamePattern.artifact.fault(in: name))
        }
        for (index, artifact) in action.outputArtifacts.enumerated() {
            report("\(path).outputArtifacts[\(index)].name", fault: NamePattern.artifact.fault(in: artifact.name))
        }
        if let namespace = action.namespace {
            report("\(path).namespace", fault: NamePattern.namespace.fault(in: namespace))
        }
    }

    fileprivate mutating func examine(_ type: ActionTypeID, at path: String) {
        report("\(path).provider", fault: NamePattern.provider.fault(in: type.provider))
        report("\(path).version", fault: NamePattern.version.fault(in: type.version))
    }

    fileprivate mutating func examine(
        _ configuration: [String: String], valueLength: ClosedRange<Int>, at path: String
    ) {
        for (key, value) in configuration.sorted(by: { $0.key < $1.key }) {
            if let fault = lengthFault(key, 1...50) {
                report("\(path).\(excerpt(key))", "The key: \(fault)")
            }
            report("\(path).\(excerpt(key))", fault: lengthFault(value, valueLength))
        }
    }
}
