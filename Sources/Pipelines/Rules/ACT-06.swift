extension ValidationRule {
    /// ACT-6: Source, ThirdParty and Custom actions run in the pipeline's own region.
    ///
    /// A definition does not name that region: all that can be seen is that these actions do not agree about it.
    static let regions = ValidationRule("ACT-6") { examination in
        var home: (region: String, path: String)?
        for placed in examination.actions {
            let (action, path) = (placed.action, "\(placed.path).region")
            guard let region = action.region else { continue }
            examination.report(path, fault: lengthFault(region, 4...30))
            guard action.type.category == "Source" || action.type.owner != "AWS" else { continue }
            if let home, home.region != region {
                examination.report(
                    path,
                    """
                    Source, ThirdParty and Custom actions cannot be in another region than the pipeline: this says \
                    \(excerpt(region)), \(home.path) says \(excerpt(home.region)); make them the same.
                    """)
            } else {
                home = (region, path)
            }
        }
    }
}
