extension ValidationRule {
    /// ACT-3: the run order lies from 1 to 999; gaps are legal.
    static let runOrders = ValidationRule("ACT-3") { examination in
        for placed in examination.actions where !(1...999).contains(placed.action.runOrder) {
            examination.report("\(placed.path).runOrder", "Must be from 1 to 999, found \(placed.action.runOrder).")
        }
    }
}
