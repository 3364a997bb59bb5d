import PluginProtocol

/// Whether a rule can be judged for a plugin. Spec: conformance.md, Results
public enum Applicability: Hashable, Sendable {
    case judge
    /// The plugin does not declare what the rule is about.
    case skip(String)
    /// It does, and no case shows it.
    case notTestable(String)

    /// Of a plugin with a manifest in order.
    public init(of rule: Rule, to manifest: Manifest, _ fixtures: [Fixture]) {
        if let reason = Capability(of: rule).lack(in: manifest, fixtures) {
            self = .skip(reason)
        } else if let reason = Showing(of: rule).lack(in: fixtures) {
            let isNamed = manifest.conformance != nil
            self = .notTestable(isNamed ? reason : "plugin.json names no cases (conformance)")
        } else if rule.id == "MAN-10", manifest.conformance == nil {
            // Every plugin is to show how it succeeds and how it fails: without a case none of that is known.
            self = .notTestable("plugin.json names no cases (conformance)")
        } else {
            self = .judge
        }
    }

    public init(of rule: Rule, to folder: PluginFolder) {
        if let manifest = folder.manifest {
            self.init(of: rule, to: manifest, folder.fixtures)
            if case .notTestable(let reason) = self, !folder.fixtureProblems.isEmpty {
                self = .notTestable("\(reason); cases with faults are left out (MAN-10)")
            }
            return
        }
        let isRead = !folder.violations.contains { $0.rule == "MAN-01" && $0.path.isEmpty }
        let broken = Set(folder.violations.map(\.rule)).sorted().joined(separator: ", ")
        // These are found while the manifest is read, all at once.
        let isSeen = ("MAN-01"..."MAN-09").contains(rule.id) && rule.id != "MAN-07" && isRead
        self = isSeen || rule.id == "MAN-01" ? .judge : .notTestable("plugin.json has to be mended first: \(broken)")
    }
}
