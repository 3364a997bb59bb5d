extension ValidationRule {
    /// GIT-3: a list of patterns has at most 8, of 1 to 255 characters.
    static let globLists = ValidationRule("GIT-3") { examination in
        for (index, trigger) in examination.pipeline.triggers.enumerated() {
            for (kind, filters) in [("push", trigger.push), ("pullRequest", trigger.pullRequest)] {
                for (filterIndex, filter) in filters.enumerated() {
                    let path = "triggers[\(index)].gitConfiguration.\(kind)[\(filterIndex)]"
                    let lists = [("branches", filter.branches), ("tags", filter.tags), ("filePaths", filter.filePaths)]
                    for (name, list) in lists {
                        examination.examine(list?.includes ?? [], at: "\(path).\(name).includes")
                        examination.examine(list?.excludes ?? [], at: "\(path).\(name).excludes")
                    }
                }
            }
        }
    }
}

extension Examination {
    fileprivate mutating func examine(_ patterns: [String], at path: String) {
        report(path, fault: countFault(patterns.count, of: "patterns", 0...8))
        for (index, pattern) in patterns.enumerated() {
            report("\(path)[\(index)]", fault: lengthFault(pattern, 1...255))
        }
    }
}
