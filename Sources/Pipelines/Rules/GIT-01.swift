extension ValidationRule {
    /// GIT-1: a trigger belongs to one connection source action, which has no other trigger.
    static let triggers = ValidationRule("GIT-1") { examination in
        let triggers = examination.pipeline.triggers
        examination.report("triggers", fault: countFault(triggers.count, of: "triggers", 0...50))
        let sources = examination.actions
            .filter { $0.stage == 0 && $0.action.type.provider == connection }.map(\.action.name)
        var places: [String: Int] = [:]
        for (index, trigger) in triggers.enumerated() {
            let path = "triggers[\(index)].gitConfiguration"
            examination.examine(trigger, index: index, sources: sources)
            let name = trigger.sourceActionName
            if let first = places[name] {
                examination.report(
                    "\(path).sourceActionName",
                    "The source action \"\(excerpt(name))\" has triggers[\(first)] already; put the filters together."
                )
            } else {
                places[name] = index
            }
        }
    }
}

extension Examination {
    fileprivate mutating func examine(_ trigger: Trigger, index: Int, sources: [String]) {
        let path = "triggers[\(index)].gitConfiguration"
        if trigger.providerType != connection {
            report(
                "triggers[\(index)].providerType",
                "\"\(excerpt(trigger.providerType))\" is not a provider of triggers; write \(connection).")
        }
        report("\(path).push", fault: countFault(trigger.push.count, of: "filters", 0...3))
        report("\(path).pullRequest", fault: countFault(trigger.pullRequest.count, of: "filters", 0...3))
        if sources.contains(trigger.sourceActionName) { return }
        let names = sources.isEmpty ? "there is none" : "write \(sources.prefix(5).joined(separator: " or "))"
        report(
            "\(path).sourceActionName",
            "\"\(excerpt(trigger.sourceActionName))\" is not a source action of the provider \(connection); \(names).")
    }
}

private let connection = "CodeStarSourceConnection"
