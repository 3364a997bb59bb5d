extension ValidationRule {
    /// CND-2: what may come of a condition, by its place; a plain RETRY stands alone (RTY-7), and nothing rolls back in
    /// PARALLEL mode (RBK-5, CND-9).
    static let conditionResults = ValidationRule("CND-2") { examination in
        for (name, _, path, condition) in examination.pipeline.placedConditions {
            if let result = condition.result {
                examination.examine(result, of: allowed[name] ?? [], at: "\(path).result")
            }
        }
        for (index, stage) in examination.pipeline.stages.enumerated() {
            guard let onFailure = stage.onFailure else { continue }
            let path = "stages[\(index)].onFailure"
            if let result = onFailure.result {
                examination.examine(result, of: ["ROLLBACK", "RETRY"], at: "\(path).result")
            }
            if onFailure.result == "RETRY" && !onFailure.conditions.isEmpty {
                examination.report("\(path).conditions", "RETRY cannot stand beside conditions; remove one of the two.")
            }
            if let mode = onFailure.retryMode, !retryModes.contains(mode) {
                examination.report(
                    "\(path).retryConfiguration.retryMode", wordFault(excerpt(mode), of: retryModes))
            }
        }
    }
}

extension Examination {
    fileprivate mutating func examine(_ result: String, of words: [String], at path: String) {
        if !words.contains(result) {
            report(path, wordFault(excerpt(result), of: words))
        } else if result == "ROLLBACK" && pipeline.executionMode == .parallel {
            report(path, "ROLLBACK cannot be used in a PARALLEL pipeline; choose another result or executionMode.")
        }
    }
}

private let allowed = ["beforeEntry": ["FAIL", "SKIP"], "onSuccess": ["FAIL", "ROLLBACK"], "onFailure": ["ROLLBACK"]]
private let retryModes = ["FAILED_ACTIONS", "ALL_ACTIONS"]
