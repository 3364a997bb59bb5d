import Jansson
import Pipelines

/// Names actions: `Stage/Action`, with `*` (any characters) and `?` (one) within a name, or `all`.
public struct ActionPattern: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private let stage: [UInt8]
    private let action: [UInt8]

    /// Nil unless it is `all`, or two names with one slash between them.
    public init?(_ text: String) {
        let parts =
            text == "all"
            ? ["*", "*"]
            : text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Array($0) }.map {
                String(decoding: $0, as: UTF8.self)
            }
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        description = text
        stage = Array(parts[0].utf8)
        action = Array(parts[1].utf8)
    }

    public func matches(_ place: ActionPlace) -> Bool {
        glob(stage[...], Array(place.stage.utf8)[...]) && glob(action[...], Array(place.action.name.utf8)[...])
    }

    /// Whether it names one action alone.
    public var isExact: Bool { !(stage + action).contains(where: isWildcard) }

    /// How much of a name it gives; of two patterns that match, the one that gives more is meant. `all` gives least.
    var precision: Int { description == "all" ? -1 : (stage + action).count { !isWildcard($0) } }

    /// What to say of a pattern that matches no action of `pipeline`; nil when it matches one.
    public func fault(in pipeline: Pipeline) -> String? {
        let places = pipeline.places
        if places.contains(where: matches) { return nil }
        return "matches no action\(suggestion(places) ?? "; there are \(listed(places.map(\.description)))")"
    }

    private func suggestion(_ places: [ActionPlace]) -> String? {
        func corrected(_ part: [UInt8], _ names: [String]) -> String {
            let text = String(decoding: part, as: UTF8.self)
            return part.contains(where: isWildcard) ? text : nearest(to: text, in: names) ?? text
        }
        let names = places.prefix(200)
        let stage = corrected(stage, names.map(\.stage))
        let candidates = names.filter { ActionPattern("\(stage)/*")?.matches($0) == true }
        let text = "\(stage)/\(corrected(action, candidates.map(\.action.name)))"
        guard let pattern = ActionPattern(text), places.contains(where: pattern.matches) else { return nil }
        return "; did you mean \"\(text)\"?"
    }
}

/// An action and the stage in which it stands.
public struct ActionPlace: Hashable, Sendable, CustomStringConvertible {
    public let stage: String
    public let action: Action

    public init(stage: String, action: Action) {
        self.stage = stage
        self.action = action
    }

    /// `Stage/Action`
    public var description: String { "\(stage)/\(action.name)" }
    var isApproval: Bool { action.type == .manualApproval }
}

extension Pipeline {
    /// Every action, in the order of declaration.
    public var places: [ActionPlace] {
        stages.flatMap { stage in stage.actions.map { ActionPlace(stage: stage.name, action: $0) } }
    }
}

/// The first of some names, for a message.
func listed(_ names: [String]) -> String {
    if names.isEmpty { return "none" }
    return names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
}

private func isWildcard(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") }

/// Linear in the product of the lengths: only the last `*` is ever taken back.
private func glob(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    var (place, at) = (pattern.startIndex, text.startIndex)
    var retry: (place: Int, at: Int)?
    while at < text.endIndex {
        if place < pattern.endIndex, pattern[place] == UInt8(ascii: "*") {
            retry = (place + 1, at)
            place += 1
        } else if place < pattern.endIndex, pattern[place] == text[at] || pattern[place] == UInt8(ascii: "?") {
            (place, at) = (place + 1, at + 1)
        } else if let last = retry {
            retry = (last.place, last.at + 1)
            (place, at) = (last.place, last.at + 1)
        } else {
            return false
        }
    }
    return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
}
