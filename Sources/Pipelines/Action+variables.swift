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
        var texts: [String: String] = [:]
        for (path, template) in templates {
            do throws(UnresolvedVariable) {
                texts[path] = try template.resolved(lookup)
            } catch {
                throw UnresolvedVariable(reference: error.reference, path: path)
            }
        }
        var action = self
        for key in configuration.keys { action.configuration[key] = texts["configuration.\(key)"] }
        for index in commands.indices { action.commands[index] = texts["commands[\(index)]"]! }
        for index in environmentVariables.indices {
            action.environmentVariables[index].value = texts["environmentVariables[\(index)].value"]!
        }
        return action
    }
}
