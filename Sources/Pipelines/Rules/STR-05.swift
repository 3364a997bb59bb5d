extension ValidationRule {
    /// STR-5: the first stage has Source actions only, no other stage has one, and some action is no Source.
    static let sourceStage = ValidationRule("STR-5") { examination in
        for placed in examination.actions {
            let isSource = placed.action.type.category == "Source"
            let path = "\(placed.path).actionTypeId.category"
            if placed.stage == 0 && !isSource {
                examination.report(
                    path,
                    """
                    Pipeline should start with a stage that only contains source actions; move action \
                    "\(excerpt(placed.action.name))" to a later stage.
                    """)
            } else if placed.stage > 0 && isSource {
                examination.report(
                    path,
                    """
                    Source actions may stand in the first stage only; move action \
                    "\(excerpt(placed.action.name))" there.
                    """)
            }
        }
        if examination.actions.allSatisfy({ $0.action.type.category == "Source" }) {
            examination.report(
                "stages", "At least one action must be no Source; add a stage that does something with the source.")
        }
    }
}
