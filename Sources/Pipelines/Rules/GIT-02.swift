extension ValidationRule {
    /// GIT-2: the events of a pull-request filter are OPEN, UPDATED and CLOSED, each once at most.
    static let gitFilters = ValidationRule("GIT-2") { examination in
        for (index, trigger) in examination.pipeline.triggers.enumerated() {
            for (filterIndex, filter) in trigger.pullRequest.enumerated() {
                let path = "triggers[\(index)].gitConfiguration.pullRequest[\(filterIndex)].events"
                for (eventIndex, event) in filter.events.enumerated() {
                    if !events.contains(event) {
                        examination.report("\(path)[\(eventIndex)]", wordFault(excerpt(event), of: events))
                    } else if filter.events.prefix(eventIndex).contains(event) {
                        examination.report("\(path)[\(eventIndex)]", "\(event) stands here twice; remove one.")
                    }
                }
            }
        }
    }
}

private let events = ["OPEN", "UPDATED", "CLOSED"]
