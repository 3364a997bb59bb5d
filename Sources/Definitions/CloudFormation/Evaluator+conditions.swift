import Jansson
import Pipelines

extension Evaluator {
    mutating func choose(_ argument: JSON, at path: String) -> Evaluated {
        let name = "Fn::If"
        guard let parts = arguments(argument, name, 3...3, at: path) else { return .fault(at: path) }
        guard case .string(let condition) = parts[0] else {
            return wrong("\(path).\(name)[0]", name, "takes the name of a condition first")
        }
        guard let holds = holds(condition, at: "\(path).\(name)[0]") else { return .fault(at: path) }
        return evaluate(parts[holds ? 1 : 2], at: "\(path).\(name)[\(holds ? 1 : 2)]")
    }

    /// Whether a condition of the template holds; nil when it has been reported that this cannot be said.
    mutating func holds(_ name: String, at path: String) -> Bool? {
        if let known = conditions[name] { return known }
        guard let expression = template.conditions[name] else {
            let near = advice(about: name, among: template.conditions.keys)
            _ = fault(path, "There is no condition \"\(excerpt(name))\"\(near)")
            return nil
        }
        let value = once("the condition \(excerpt(name))", at: path) {
            $0.truth(expression, at: "Conditions.\(excerpt(name))")
        }
        conditions[name] = .some(value)
        return value
    }

    private mutating func truth(_ expression: JSON, at path: String) -> Bool? {
        deeper(at: path) { $0.function(expression, at: path) }
    }

    private mutating func function(_ expression: JSON, at path: String) -> Bool? {
        guard case .object(let members) = expression, members.count == 1, let (name, argument) = members.first else {
            _ = fault(path, "A condition is one of Fn::Equals, Fn::And, Fn::Or, Fn::Not and Condition.")
            return nil
        }
        let inside = "\(path).\(name)"
        switch name {
        case "Condition":
            guard case .string(let other) = argument else {
                _ = wrong(inside, name, "takes the name of a condition")
                return nil
            }
            return holds(other, at: inside)
        case "Fn::Equals": return equal(argument, at: path)
        case "Fn::Not": return truths(argument, name, 1...1, at: path)?.first.map { !$0 }
        case "Fn::And": return truths(argument, name, 2...10, at: path)?.allSatisfy { $0 }
        case "Fn::Or": return truths(argument, name, 2...10, at: path)?.contains(true)
        default:
            _ = fault(
                inside, "\(name) does not make a condition; use Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition.")
            return nil
        }
    }

    private mutating func truths(_ argument: JSON, _ name: String, _ count: ClosedRange<Int>, at path: String)
        -> [Bool]?
    {
        guard let parts = arguments(argument, name, count, at: path) else { return nil }
        var values: [Bool] = []
        for (index, part) in parts.enumerated() {
            guard let value = truth(part, at: "\(path).\(name)[\(index)]") else { return nil }
            values.append(value)
        }
        return values
    }

    /// Texts and numbers are compared as texts, as CloudFormation does.
    private mutating func equal(_ argument: JSON, at path: String) -> Bool? {
        guard let parts = arguments(argument, "Fn::Equals", 2...2, at: path) else { return nil }
        let (first, second) = (
            evaluate(parts[0], at: "\(path).Fn::Equals[0]"), evaluate(parts[1], at: "\(path).Fn::Equals[1]")
        )
        if first.isFault || second.isFault { return nil }
        let references = merged(first.allReferences, second.allReferences)
        let isEqual = first.text.map { $0 == second.text } ?? (first.json == second.json)
        if !references.isEmpty {
            guesses.append(Placeholder(path: path, value: isEqual ? "true" : "false", references: references))
        }
        return isEqual
    }
}
