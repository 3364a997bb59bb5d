extension ValidationRule {
    /// VAR-9: references to secrets are well-formed, and stand where nothing is kept or shown.
    static let secretReferences = ValidationRule("VAR-9") { examination in
        for (index, variable) in examination.pipeline.variables.enumerated() {
            for (member, text) in [("defaultValue", variable.defaultValue), ("description", variable.description)] {
                examination.refuseSecrets(
                    in: text ?? "", at: "variables[\(index)].\(member)",
                    because: "values of variables are kept and shown")
            }
        }
        for placed in examination.actions { examination.examineSecrets(of: placed.action, at: placed.path) }
        for placed in examination.rules { examination.examineSecrets(of: Action(placed.rule), at: placed.path) }
    }
}

extension Examination {
    fileprivate mutating func examineSecrets(of action: Action, at path: String) {
        for (member, text) in action.secretiveTexts {
            let place = "\(path).\(excerpt(member))"
            if action.type == .manualApproval {
                refuseSecrets(in: text, at: place, because: "whoever answers an approval is shown it")
            } else {
                for malformed in SecretTemplate(text).malformed {
                    report(place, "\(excerpt(malformed)) is no reference to a secret; write \(SecretReference.syntax).")
                }
            }
        }
        for (index, text) in action.commands.enumerated() {
            refuseSecrets(
                in: text, at: "\(path).commands[\(index)]",
                because:
                    "commands are logged and seen among processes; put it into environmentVariables, and \"$NAME\" here"
            )
        }
        for (index, variable) in action.environmentVariables.enumerated() where variable.kind == .secretsManager {
            refuseSecrets(
                in: variable.value, at: "\(path).environmentVariables[\(index)].value",
                because: "a variable of type SECRETS_MANAGER names a secret; write its name alone, or make it PLAINTEXT"
            )
        }
        for (index, name) in action.outputVariables.enumerated() {
            refuseSecrets(
                in: name, at: "\(path).outputVariables[\(index)]", because: "output variables are kept and shown")
        }
        for (index, artifact) in action.outputArtifacts.enumerated() {
            for (position, glob) in artifact.files.enumerated() {
                refuseSecrets(
                    in: glob, at: "\(path).outputArtifacts[\(index)].files[\(position)]",
                    because: "names of files are kept and shown")
            }
        }
    }

    fileprivate mutating func refuseSecrets(in text: String, at path: String, because reason: String) {
        guard text.utf8.contains(UInt8(ascii: "{")), !SecretTemplate(text).isEmpty else { return }
        report(path, "A secret must not stand here: \(reason).")
    }
}
