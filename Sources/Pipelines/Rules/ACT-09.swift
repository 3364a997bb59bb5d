extension ValidationRule {
    /// ACT-9: commands, output variables, environment variables and the files of an output belong to Compute actions.
    static let computeMembers = ValidationRule("ACT-9") { examination in
        for placed in examination.actions {
            if placed.action.type.category == "Compute" {
                examination.examineCompute(placed.action, at: placed.path)
            } else {
                examination.refuseComputeMembers(of: placed.action, at: placed.path)
            }
        }
        for placed in examination.rules {
            examination.examine(placed.rule.commands, of: "commands", 0...50, length: 1...1000, at: placed.path)
        }
    }
}

extension Examination {
    fileprivate mutating func examineCompute(_ action: Action, at path: String) {
        let least = action.type.provider == "Commands" ? 1 : 0
        examine(action.commands, of: "commands", least...50, length: 1...1000, at: path)
        examine(action.outputVariables, of: "outputVariables", 0...15, length: 1...128, at: path)
        for (index, artifact) in action.outputArtifacts.enumerated() {
            examine(artifact.files, of: "files", 0...10, length: 1...128, at: "\(path).outputArtifacts[\(index)]")
        }
        let variables = action.environmentVariables
        report(
            "\(path).environmentVariables", fault: countFault(variables.count, of: "environment variables", 0...10))
        for (index, variable) in variables.enumerated() {
            let place = "\(path).environmentVariables[\(index)]"
            report("\(place).name", fault: NamePattern.environmentVariable.fault(in: variable.name))
            report("\(place).value", fault: lengthFault(variable.value, 1...2000))
        }
    }

    fileprivate mutating func examine(
        _ texts: [String], of member: String, _ count: ClosedRange<Int>, length: ClosedRange<Int>, at path: String
    ) {
        report("\(path).\(member)", fault: countFault(texts.count, of: "elements", count))
        for (index, text) in texts.enumerated() {
            report("\(path).\(member)[\(index)]", fault: lengthFault(text, length))
        }
    }

    fileprivate mutating func refuseComputeMembers(of action: Action, at path: String) {
        var members = [
            ("commands", action.commands.isEmpty), ("outputVariables", action.outputVariables.isEmpty),
            ("environmentVariables", action.environmentVariables.isEmpty),
        ]
        members += action.outputArtifacts.enumerated().map { ("outputArtifacts[\($0)].files", $1.files.isEmpty) }
        for (member, isEmpty) in members where !isEmpty {
            let field = member.split(separator: ".").last ?? ""
            report(
                "\(path).\(member)",
                """
                The following action cannot contain a \(field) field: \(excerpt(action.name)). To use the \
                \(field) field, use a compute action.
                """)
        }
    }
}
