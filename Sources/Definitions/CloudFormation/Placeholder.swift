/// A text of an imported definition that stands for something that is not known here.
public struct Placeholder: Hashable, Sendable, CustomStringConvertible {
    /// In the definition: `stages[1].actions[0].configuration.ProjectName`; of a condition, in the template.
    public let path: String
    public let value: String
    /// What it stands for, or what in it does.
    public let references: [TemplateReference]

    /// Whether a run does something with it: what stands in stages, but for roles, which nothing here assumes, and what
    /// decides a condition.
    public var isActedUpon: Bool {
        path.hasPrefix("Conditions.") || (path.hasPrefix("stages[") && !path.hasSuffix(".roleArn"))
    }

    public var description: String {
        let things = references.map(\.description).joined(separator: ", and ")
        return path.hasPrefix("Conditions.")
            ? "\(path): is taken as \(value) without knowing \(things)"
            : "\(path): \"\(excerpt(value))\" stands for \(things)"
    }
}
