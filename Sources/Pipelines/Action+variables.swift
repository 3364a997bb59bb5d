extension Action {
    /// Every text of this action in which references may stand, with its place inside the action (VAR-1).
    public var templates: [(path: String, template: VariableTemplate)] {
        configuration.sorted { $0.key < $1.key }.map { ("configuration.\($0.key)", VariableTemplate($0.value)) }
            + commands.enumerated().map { ("commands[\($0)]", VariableTemplate($1)) }
            + environmentVariables.enumerated().map {
                ("environmentVariables[\($0)].value", VariableTemplate($1.value))
            }
    }

    /// This action with all its references replaced.
    /// - Throws: `UnresolvedVariable` for the first reference that `lookup` does not know; the action then fails
    ///   (VAR-3).
    public func resolved(_ lookup: (VariableReference) -> String?) throws(UnresolvedVariable) -> Action {
        var action = self
        for (key, text) in configuration.filter({ $0.value.mayRefer }).sorted(by: { $0.key < $1.key }) {
            action.configuration[key] = try resolved(text, at: "configuration.\(key)", lookup)
        }
        for (index, text) in commands.enumerated() where text.mayRefer {
            action.commands[index] = try resolved(text, at: "commands[\(index)]", lookup)
        }
        for (index, variable) in environmentVariables.enumerated() where variable.value.mayRefer {
            let path = "environmentVariables[\(index)].value"
            action.environmentVariables[index].value = try resolved(variable.value, at: path, lookup)
        }
        return action
    }

    private func resolved(
        _ text: String, at path: @autoclosure () -> String, _ lookup: (VariableReference) -> String?
    ) throws(UnresolvedVariable) -> String {
        do throws(UnresolvedVariable) {
            return try VariableTemplate(text).resolved(lookup)
        } catch {
            throw UnresolvedVariable(reference: error.reference, path: path())
        }
    }
}

extension String {
    /// Most texts refer to nothing, and are not taken apart at every start.
    fileprivate var mayRefer: Bool { utf8.contains(UInt8(ascii: "#")) }
}
