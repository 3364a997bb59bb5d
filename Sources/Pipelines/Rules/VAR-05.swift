extension ValidationRule {
    /// VAR-5: at most 50 variables of the pipeline, with names, defaults and descriptions of their lengths.
    static let pipelineVariables = ValidationRule("VAR-5") { examination in
        let variables = examination.pipeline.variables
        examination.report("variables", fault: countFault(variables.count, of: "variables", 0...50))
        var places: [String: Int] = [:]
        for (index, variable) in variables.enumerated() {
            let path = "variables[\(index)]"
            examination.report("\(path).name", fault: NamePattern.variable.fault(in: variable.name))
            if let value = variable.defaultValue {
                let fault = lengthFault(value, 1...1000)
                examination.report(
                    "\(path).defaultValue", fault: fault.map { "\($0) Leave it out if each start has to give a value." }
                )
            }
            examination.report("\(path).description", fault: lengthFault(variable.description ?? "", 0...200))
            if let first = places[variable.name] {
                examination.report(
                    "\(path).name",
                    "\"\(excerpt(variable.name))\" is declared at variables[\(first)] too; remove one of them.")
            } else {
                places[variable.name] = index
            }
        }
    }
}
