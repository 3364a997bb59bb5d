/// Results of tests in the XML that continuous integration reads, the form that JUnit's reports have.
public struct JUnitReport: Hashable, Sendable {
    public struct Suite: Hashable, Sendable {
        public var name: String
        public var cases: [Case]

        public init(name: String, cases: [Case]) { (self.name, self.cases) = (name, cases) }
    }

    public struct Case: Hashable, Sendable {
        public enum Outcome: Hashable, Sendable {
            case success(told: String?)
            case skipped(String)
            case failure(type: String, String, text: String)
        }

        public var name: String
        public var `class`: String
        public var outcome: Outcome

        public init(name: String, class: String, outcome: Outcome) {
            (self.name, self.class, self.outcome) = (name, `class`, outcome)
        }
    }

    public var name: String?
    public var suites: [Suite]
    /// Of all suites together, in seconds, as a number's text.
    public var time: String
    /// When they began, as RFC 3339 has it.
    public var timestamp: String?

    public init(name: String? = nil, suites: [Suite], time: String = "0", timestamp: String? = nil) {
        (self.name, self.suites, self.time, self.timestamp) = (name, suites, time, timestamp)
    }

    public var xml: String {
        let head = (name.map { "name=\"\(escaped($0))\" " } ?? "") + counts(suites.flatMap(\.cases))
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites \(head) time="\(escaped(time))">
            \(suites.map(xml).joined())</testsuites>

            """
    }

    private func xml(_ suite: Suite) -> String {
        let begun = timestamp.map { " timestamp=\"\(escaped($0))\"" } ?? ""
        let head = "name=\"\(escaped(suite.name))\" \(counts(suite.cases)) time=\"0\"\(begun)"
        return "  <testsuite \(head)>\n\(suite.cases.map(xml).joined())  </testsuite>\n"
    }

    private func counts(_ cases: [Case]) -> String {
        let failures = cases.count { if case .failure = $0.outcome { true } else { false } }
        let skipped = cases.count { if case .skipped = $0.outcome { true } else { false } }
        return "tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"0\" skipped=\"\(skipped)\""
    }

    private func xml(_ test: Case) -> String {
        let head = "    <testcase classname=\"\(escaped(test.class))\" name=\"\(escaped(test.name))\" time=\"0\""
        let body: String
        switch test.outcome {
        case .success(nil): return "\(head)/>\n"
        case .success(let told?): body = "<system-out>\(escaped(told, inAttribute: false))</system-out>"
        case .skipped(let reason): body = "<skipped message=\"\(escaped(reason))\"/>"
        case .failure(let type, let message, let text):
            body =
                "<failure type=\"\(escaped(type))\" message=\"\(escaped(message))\">"
                + "\(escaped(text, inAttribute: false))</failure>"
        }
        return "\(head)>\n      \(body)\n    </testcase>\n"
    }
}

/// Text for XML 1.0, which has no place at all for most control characters.
private func escaped(_ text: String, inAttribute: Bool = true) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        // A parser would make a space of them in an attribute, and drop a carriage return anywhere.
        case "\n" where inAttribute, "\t" where inAttribute, "\r": result += "&#\(scalar.value);"
        case "\n", "\t": result.unicodeScalars.append(scalar)
        case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
