import Jansson
import Pipelines

/// How a scenario is to end.
struct Expectation: Hashable, Sendable {
    var status = ""
    /// Groups in their order; the order inside a group does not matter. Nil: any path.
    var path: [[PathStep]]?
    /// `namespace.key` or `variables.NAME`, and the value.
    var variables: [String: String] = [:]
    var failure: Failure?
    var neverReached: [ActionPattern] = []

    struct Failure: Hashable, Sendable {
        let place: String
        let type: String?
        /// A part of the message.
        let message: String?
    }
}

extension Reading {
    mutating func expectation(_ reader: JSONReader) -> Expectation {
        var expectation = Expectation()
        let known = ["status", "path", "variables", "failure", "neverReached"]
        guard let reader = object(reader, known: known) else { return expectation }
        if let member = attempt({ () throws(JSONTypeError) in try reader.required("status") }) {
            expectation.status = name(member, of: "status", in: ["Succeeded", "Failed", "Stopped"]) ?? ""
        }
        if let member = member("path", of: reader, { $0 }) { expectation.path = path(member) }
        if let member = member("variables", of: reader, { $0 }) {
            expectation.variables = variables(member)
        }
        if let member = member("failure", of: reader, { $0 }) { expectation.failure = failure(member) }
        if let member = member("neverReached", of: reader, { $0 }) {
            for element in elements(of: member) {
                guard let text = attempt({ () throws(JSONTypeError) in try element.string() }) else { continue }
                if let pattern = pattern(text, at: element.path) {
                    expectation.neverReached.append(pattern)
                }
            }
        }
        return expectation
    }

    private mutating func path(_ reader: JSONReader) -> [[PathStep]] {
        var seen: Set<String> = []
        return elements(of: reader).map { element in
            let group: [JSONReader] = if case .array = element.value { elements(of: element) } else { [element] }
            return group.compactMap { reader in
                guard let step = step(reader) else { return nil }
                if !seen.insert(step.place).inserted { report(reader.path, "is the second of \(step.place)") }
                return step
            }
        }
    }

    /// `Stage/Action: Outcome`: a text, or what YAML makes of it without quotes.
    private mutating func step(_ reader: JSONReader) -> PathStep? {
        let (place, outcome): (String, String)
        switch reader.value {
        case .string(let text):
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            place = String(text[..<colon])
            outcome = String(text[colon...].drop { ": ".contains($0) })
        case .object(let members) where members.count == 1:
            place = members.keys.first!
            outcome = members.values.first!.stringValue ?? ""
        default:
            report(reader.path, "must be \"Stage/Action: Succeeded\" or Failed, found \(reader.value.kind)")
            return nil
        }
        guard isAction(place, at: reader.path),
            known(outcome, "outcome", in: ["Succeeded", "Failed"], at: reader.path)
        else { return nil }
        return PathStep(place: place, outcome: outcome)
    }

    private mutating func variables(_ reader: JSONReader) -> [String: String] {
        let texts = texts(reader)
        let namespaces = places.compactMap(\.action.namespace)
        for (key, _, path) in texts {
            let parts = key.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count < 2 {
                report(path, "must be NAMESPACE.KEY, such as \(namespaces.first ?? "variables").NAME")
            } else if parts[0] == "variables", !pipeline.variables.isEmpty {
                _ = known(parts[1], "variable of the pipeline", in: pipeline.variables.map(\.name), at: path)
            } else {
                _ = known(parts[0], "namespace", in: namespaces, at: path)
            }
        }
        return Dictionary(uniqueKeysWithValues: texts.map { ($0.key, $0.value) })
    }

    private mutating func failure(_ reader: JSONReader) -> Expectation.Failure? {
        guard let reader = object(reader, known: ["action", "type", "message"]),
            let action = attempt({ () throws(JSONTypeError) in try reader.required("action") }),
            let place = attempt({ () throws(JSONTypeError) in try action.string() }),
            isAction(place, at: action.path)
        else { return nil }
        let type = member("type", of: reader, { $0 }).flatMap {
            name($0, of: "failure type", in: StubAnswer.failureTypes)
        }
        let message = member("message", of: reader) { member throws(JSONTypeError) in try member.string() }
        return Expectation.Failure(place: place, type: type, message: message)
    }
}
