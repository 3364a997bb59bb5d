import Engine
import Jansson
import Pipelines

/// What stubs answer, by pattern: `{Stage/Action: {outputVariables: …, delaySeconds: …, fail: …, files: …}}`.
///
/// An exact name counts before any pattern; of patterns the one that gives more of the names counts.
public struct StubBook: Hashable, Sendable {
    private let answers: [StubAnswer]

    /// Nothing is said: every stub succeeds at once.
    public static let empty = StubBook(answers: [])

    /// Reads what a file says about the actions of `pipeline`.
    /// - Returns: also everything that is wrong with it; the book is only fit for use when that is nothing.
    public static func read(_ document: JSON, for pipeline: Pipeline) -> (book: StubBook, findings: [JSONTypeError]) {
        var reading = Reading()
        let book = reading.book(JSONReader(document), for: pipeline)
        return (book, reading.findings)
    }

    fileprivate init(answers: [StubAnswer]) { self.answers = answers }

    fileprivate func best(for place: ActionPlace) -> StubAnswer? {
        // Patterns that are equally precise say the same: reading has seen to that.
        answers.filter { $0.pattern.matches(place) }.max {
            ($0.pattern.isExact ? 1 : 0, $0.pattern.precision) < ($1.pattern.isExact ? 1 : 0, $1.pattern.precision)
        }
    }
}

extension Reading {
    mutating func book(_ reader: JSONReader, for pipeline: Pipeline) -> StubBook {
        let places = pipeline.places
        var answers: [StubAnswer] = []
        for (text, reader) in members(of: reader) where hasRoom {
            guard let pattern = pattern(text, in: pipeline, at: reader.path) else { continue }
            answers.append(answer(pattern, reader, for: places.filter(pattern.matches)))
        }
        for place in places { refuseContradictions(among: answers.filter { $0.pattern.matches(place) }, at: place) }
        return StubBook(answers: answers)
    }

    /// Nil when it is none, or matches nothing; that is a finding.
    mutating func pattern(_ text: String, in pipeline: Pipeline, at path: String) -> ActionPattern? {
        guard let pattern = ActionPattern(text) else {
            report(path, "must be \"all\" or STAGE/ACTION, in which * and ? stand for any characters and for one")
            return nil
        }
        guard let fault = pattern.fault(in: pipeline) else { return pattern }
        report(path, fault)
        return nil
    }

    private mutating func refuseContradictions(among answers: [StubAnswer], at place: ActionPlace) {
        guard !answers.contains(where: \.pattern.isExact), let most = answers.map(\.pattern.precision).max() else {
            return
        }
        let best = answers.filter { $0.pattern.precision == most }
        guard let other = best.dropFirst().first(where: { !$0.saysTheSame(as: best[0]) }) else { return }
        report(
            best[0].pattern.description,
            "and \"\(other.pattern)\" both match \(place), and neither is more precise; give \(place) an answer of its own"
        )
    }
}

extension Pipeline {
    /// The stubs of the actions that are `chosen`, by `Stage/Action`.
    ///
    /// - Parameter books: an exact name counts before a pattern in any of them; else the later book counts.
    public func stubs(
        answering books: [StubBook], where chosen: (ActionPlace) throws -> Bool
    ) rethrows -> [String: Stub] {
        var stubs: [String: Stub] = [:]
        for place in places where try chosen(place) {
            let answers = books.reversed().compactMap { $0.best(for: place) }
            let answer = answers.first(where: \.pattern.isExact) ?? answers.first
            stubs[place.description] = place.isApproval ? .approval(.init(answer)) : .action(stub(of: place, answer))
        }
        return stubs
    }

    private func stub(of place: ActionPlace, _ answer: StubAnswer?) -> ActionStub {
        let delaySeconds = answer?.delaySeconds ?? 0
        if let failure = answer?.failure { return ActionStub(.fails(failure), delaySeconds: delaySeconds) }
        let given = answer?.outputVariables ?? [:]
        let variables = variablesReferred(to: place.action.namespace).merging(given) { $1 }
        let files = place.action.outputArtifacts.map { artifact in
            let text = "The artifact \(artifact.name), made by a stub of \(place).\n"
            return (artifact.name, answer?.files[artifact.name] ?? ["stub.txt": text])
        }
        return ActionStub(
            .succeeds(outputVariables: variables, files: Dictionary(files) { $1 }), delaySeconds: delaySeconds)
    }

    /// Every output variable of a namespace that an action refers to, with a value that says where it is from.
    private func variablesReferred(to namespace: String?) -> [String: String] {
        guard let namespace else { return [:] }
        let references = places.flatMap { $0.action.templates.flatMap(\.template.references) }
        let keys = references.filter { $0.namespace == namespace }.map(\.key)
        return Dictionary(keys.map { ($0, "stub-\(namespace).\($0)") }) { $1 }
    }
}

extension ApprovalStub {
    fileprivate init(_ answer: StubAnswer?) {
        let seconds = answer?.delaySeconds ?? 0
        switch answer?.approval ?? .approved {
        case .approved: self = .answers(.approved, summary: answer?.summary ?? "", afterSeconds: seconds)
        case .rejected: self = .answers(.rejected, summary: answer?.summary ?? "", afterSeconds: seconds)
        case .expires: self = .expires(afterSeconds: answer?.delaySeconds)
        }
    }
}
