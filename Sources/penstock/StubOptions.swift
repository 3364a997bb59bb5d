import ArgumentParser
import Definitions
import Engine
import Pipelines
import Scenarios

/// What stands in for actions, as `run` and `plan` take it.
struct StubOptions: ParsableArguments {
    @Option(
        name: .customLong("stub"),
        help: ArgumentHelp(
            "A stub in place of these actions: stage/action with * and ?, or all; may be repeated.",
            valueName: "pattern"))
    var patterns: [String] = []

    @Option(
        name: .customLong("stubs"),
        help: ArgumentHelp("What stubs answer: output variables, files, delays, failures.", valueName: "file"))
    var file: String?

    func validate() throws {
        try refuseEmpty(file, "--stubs")
        if file != nil, patterns.isEmpty {
            throw ValidationError("--stubs says what stubs answer; say by --stub which actions have one, or --stub all")
        }
    }

    /// Whether something stands in for an action: a stub or, by the name of a source action, a directory.
    func isReplaced(besides sources: [Pair] = []) throws -> (ActionPlace) -> Bool {
        let chosen = try chosen
        return { place in
            chosen.contains { $0.matches(place) }
                || place.action.type.category == "Source" && sources.contains { $0.name == place.action.name }
        }
    }

    /// The stub of each action that has one, by `Stage/Action`; a directory comes before the stub of a pattern.
    func stubs(of pipeline: Pipeline, sources: [String: String]) throws -> [String: Stub] {
        try check(against: pipeline)
        let chosen = try chosen
        let book = try file.map { try read($0, for: pipeline) } ?? .empty
        let stubs = try pipeline.stubs(answering: [book]) { place in
            guard let pattern = chosen.first(where: { $0.matches(place) }) else { return false }
            guard place.action.type.category == "Source", sources[place.action.name] != nil else { return true }
            let isNamed = chosen.contains { $0.isExact && $0.matches(place) }
            if isNamed { throw Answer(.usage, "--stub \(pattern): --source puts a directory there already") }
            return false
        }
        return stubs.mapValues(\.inRealTime)
    }

    /// Refuses a pattern that matches nothing.
    func check(against pipeline: Pipeline) throws {
        for pattern in try chosen {
            if let fault = pattern.fault(in: pipeline) { throw Answer(.usage, "--stub \(pattern): \(fault)") }
        }
    }

    private var chosen: [ActionPattern] {
        get throws {
            try patterns.map { text in
                guard let pattern = ActionPattern(text) else {
                    throw Answer(
                        .usage,
                        "--stub \(text): must be all or STAGE/ACTION, in which * and ? stand for any characters and for one"
                    )
                }
                return pattern
            }
        }
    }

    private func read(_ file: String, for pipeline: Pipeline) throws -> StubBook {
        let (book, findings) = StubBook.read(try readDocument(at: file), for: pipeline)
        guard findings.isEmpty else {
            throw Answer(.usage, findings.map { "\(file): \($0)" }.joined(separator: "\npenstock: "))
        }
        return book
    }
}

extension Stub {
    /// Nobody wants to wait for seven days to see an approval expire.
    fileprivate var inRealTime: Stub {
        if case .approval(.expires(nil)) = self { .approval(.expires(afterSeconds: 0)) } else { self }
    }
}
