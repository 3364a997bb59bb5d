import Jansson
import Pipelines

/// Works out the functions of a template: values in, values out, and what is wrong on the way.
///
/// Conditions and names of resources are worked out when something asks for them, once each. Everything is bounded:
/// how deep values refer to one another, and how much text and how many values they unfold to.
struct Evaluator {
    let template: Template
    /// Their paths are places in the template.
    private(set) var findings: [Finding] = []
    /// Pseudo parameters that were used and not given, with what they were taken to be.
    var assumed: [String: String] = [:]
    /// What conditions were decided by without knowing it, by the place of the comparison.
    var guesses: [Placeholder] = []
    var conditions: [String: Bool?] = [:]
    var names: [String: Evaluated] = [:]
    /// The conditions and names that are being worked out, to find circles.
    private var underway: [String] = []
    private var depth = 0
    private var room = Self.roomBytes

    /// Values with their places and texts; a thousand actions take a tenth of it.
    private static let roomBytes = 64 << 20
    /// Deeper than any template that CloudFormation takes; each level takes some kilobytes of the stack.
    static let depthLimit = 200
    /// So that many empty values count as much as one long text.
    private static let bytesOfAValue = 40

    init(_ template: Template) { self.template = template }

    mutating func evaluate(_ value: JSON, at path: String) -> Evaluated {
        deeper(at: path) { $0.evaluated(value, at: path) } ?? .fault(at: path)
    }

    /// Does `work` one level deeper, unless that is too deep, which is reported.
    mutating func deeper<Value>(at path: String, _ work: (inout Evaluator) -> Value?) -> Value? {
        depth += 1
        defer { depth -= 1 }
        if depth <= Self.depthLimit { return work(&self) }
        _ = fault(
            path, "This is more than \(Self.depthLimit) levels deep, with all that it refers to; make it flatter.")
        return nil
    }

    private mutating func evaluated(_ value: JSON, at path: String) -> Evaluated {
        guard spend(path.utf8.count, at: path) else { return .fault(at: path) }
        switch value {
        case .array(let elements):
            let values = elements.enumerated().map { evaluate($1, at: "\(path)[\($0)]") }
            return Evaluated(content: .list(values.filter { $0.content != .nothing }), path: path)
        case .object(let members):
            if members.count == 1, let (name, argument) = members.first, name == "Ref" || name.hasPrefix("Fn::") {
                return call(name, argument, at: path)
            }
            return object(members, at: path)
        case .string(let text): return .text(text, at: path)
        case .null, .bool, .integer, .real: return Evaluated(content: .scalar(value), path: path)
        }
    }

    private mutating func object(_ members: [String: JSON], at path: String) -> Evaluated {
        var values: [String: Evaluated] = [:]
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            if name.hasSuffix(repeatedKeySuffix) {
                let key = name.replacing(repeatedKeySuffix, with: "")
                return fault("\(path).\(excerpt(key))", "\"\(excerpt(key))\" stands here more than once; remove one.")
            }
            if name.hasPrefix("Fn::") {
                if isMacro(name) { return call(name, member, at: path) }
                return fault("\(path).\(name)", "\(name) stands beside other members; a function stands alone.")
            }
            let value = evaluate(member, at: "\(path).\(excerpt(name))")
            if value.content != .nothing { values[name] = value }
        }
        return Evaluated(content: .object(values), path: path)
    }

    /// A text that a function made, which counts against what a template may unfold to.
    mutating func made(_ text: String, at path: String, _ references: [TemplateReference] = []) -> Evaluated {
        spend(text.utf8.count, at: path) ? .text(text, at: path, references) : .fault(at: path)
    }

    /// Reports once that there is no more room, and keeps saying so.
    private mutating func spend(_ bytes: Int, at path: String) -> Bool {
        let hadRoom = room >= 0
        room -= bytes + Self.bytesOfAValue
        if room >= 0 { return true }
        if hadRoom {
            _ = fault(path, "The template unfolds to more than \(Self.roomBytes) bytes here; make it smaller.")
        }
        return false
    }

    /// More findings than these nobody reads.
    private var hasRoom: Bool { findings.count < 1_000 }

    /// The sentence about a name that may have been meant.
    func advice(about name: String, among names: some Sequence<String>) -> String {
        // Comparing with every name is for templates of a reader's size.
        guard hasRoom, let near = nearest(to: excerpt(name), in: names.sorted().prefix(200)) else { return "." }
        return "; did you mean \(near)?"
    }

    mutating func fault(_ path: String, _ message: String) -> Evaluated {
        if hasRoom { findings.append(Finding(path: path, rule: "STR-14", message: String(message.prefix(500)))) }
        return .fault(at: path)
    }

    /// Does `work` unless the thing of this name is being worked out already, which is reported.
    mutating func once<Value>(
        _ name: String, at path: String, _ work: (inout Evaluator) -> Value?
    ) -> Value? {
        if let start = underway.firstIndex(of: name) {
            let circle = (underway[start...] + [name]).joined(separator: " → ")
            _ = fault(path, "Refers to itself in a circle: \(circle). Break it.")
            return nil
        }
        underway.append(name)
        defer { underway.removeLast() }
        return deeper(at: path, work)
    }
}

/// The start of a text that a message or a place quotes.
func excerpt(_ text: String) -> String { text.utf8.count > 100 ? "\(text.prefix(60))…" : text }
