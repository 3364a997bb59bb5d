extension ValidationRule {
    /// ACT-8: only a manual approval may have a time-out of its own, from 5 minutes to 60 days.
    static let timeouts = ValidationRule("ACT-8") { examination in
        for placed in examination.actions {
            guard let minutes = placed.action.timeoutInMinutes else { continue }
            let path = "\(placed.path).timeoutInMinutes"
            if placed.action.type != .manualApproval {
                examination.report(path, "Only \(ActionTypeID.manualApproval) may have timeoutInMinutes; remove it.")
            } else if !(5...86_400).contains(minutes) {
                examination.report(path, "Must be from 5 to 86400 minutes, found \(minutes).")
            }
        }
    }
}
