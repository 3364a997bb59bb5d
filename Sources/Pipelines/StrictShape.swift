import Jansson

extension Pipeline {
    /// Where a definition is written more freely than AWS's interface takes it, which a template's may be (STR-14):
    /// numbers and booleans in the place of strings.
    public static func looseScalars(in document: JSON) -> [Finding] {
        var findings: [Finding] = []
        for (stage, path) in (document["pipeline"] ?? document).list("stages", "") {
            for (action, path) in stage.list("actions", path) { examine(action, "actionTypeId", path, &findings) }
            for guardian in ["beforeEntry", "onSuccess", "onFailure"] {
                for (condition, path) in (stage[guardian] ?? .null).list("conditions", "\(path).\(guardian)") {
                    for (rule, path) in condition.list("rules", path) { examine(rule, "ruleTypeId", path, &findings) }
                }
            }
        }
        return bounded(findings)
    }

    private static func examine(_ action: JSON, _ type: String, _ path: String, _ findings: inout [Finding]) {
        func report(_ value: JSON?, at place: String) {
            guard findings.count <= findingsLimit, let value, let text = scalarText(value), value.stringValue == nil
            else { return }
            let message = "AWS takes a string here; write \"\(excerpt(text))\", in quotes."
            findings.append(Finding(path: "\(path).\(place)", rule: "STR-14", message: message))
        }
        report(action[type]?["version"], at: "\(type).version")
        guard case .object(let configuration)? = action["configuration"] else { return }
        for (key, value) in configuration.sorted(by: { $0.key < $1.key }) {
            report(value, at: "configuration.\(excerpt(key))")
        }
    }
}

extension JSON {
    /// The elements of a member that is a list, each with its place.
    fileprivate func list(_ key: String, _ path: String) -> [(element: JSON, path: String)] {
        guard case .array(let elements)? = self[key] else { return [] }
        return elements.enumerated().map { ($1, "\(path.isEmpty ? "" : "\(path).")\(key)[\($0)]") }
    }
}
