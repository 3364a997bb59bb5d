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
        var reading = Reading(for: pipeline)
        let book = reading.book(JSONReader(document))
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
    mutating func book(_ reader: JSONReader) -> StubBook {
        var answers: [StubAnswer] = []
        for (text, reader) in members(of: reader) where hasRoom {
            guard let pattern = pattern(text, at: reader.path) else { continue }
            answers.append(answer(pattern, reader, for: places.filter(pattern.matches)))
        }
        for place in places { refuseContradictions(among: answers.filter { $0.pattern.matches(place) }, at: place) }
        return StubBook(answers: answers)
    }

    /// Nil when it is none, or matches nothing; that is a finding.
    mutating func pattern(_ text: String, at path: String) -> ActionPattern? {
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
        let referred = keysReferredTo
        var stubs: [String: Stub] = [:]
        for place in places where try chosen(place) {
            let answers = books.reversed().compactMap { $0.best(for: place) }
            let answer = answers.first(where: \.pattern.isExact) ?? answers.first
            stubs[place.description] =
                place.isApproval ? .approval(.init(answer)) : .action(.init(place, answer, referred))
        }
        return stubs
    }

    /// By namespace: the output variables that actions refer to.
    private var keysReferredTo: [String: Set<String>] {
        var keys: [String: Set<String>] = [:]
        for reference in places.flatMap({ $0.action.templates.flatMap(\.template.references) }) {
            keys[reference.namespace, default: []].insert(reference.key)
        }
        return keys
    }
}

extension ActionStub {
    /// What is referred to and not given has a value that says where it is from.
    fileprivate init(_ place: ActionPlace, _ answer: StubAnswer?, _ referred: [String: Set<String>]) {
        let delaySeconds = answer?.delaySeconds ?? 0
        if let failure = answer?.failure {
            self.init(.fails(failure), delaySeconds: delaySeconds)
            return
        }
        var variables = answer?.outputVariables ?? [:]
        if let namespace = place.action.namespace {
            // A Compute action can have no others than it declares; a reference to another one fails in earnest, too.
            let isCompute = place.action.type.category == "Compute"
            let keys = isCompute ? Set(place.action.outputVariables) : referred[namespace] ?? []
            for key in keys where variables[key] == nil {
                variables[key] = "stub-\(namespace).\(key)"
            }
        }
        let files = place.action.outputArtifacts.map { artifact in
            let text = "The artifact \(artifact.name), made by a stub of \(place).\n"
            return (artifact.name, answer?.files[artifact.name] ?? ["stub.txt": text])
        }
        self.init(.succeeds(outputVariables: variables, files: Dictionary(files) { $1 }), delaySeconds: delaySeconds)
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
