import Jansson

extension Pipeline {
    /// What another declaration says otherwise, leaf by leaf.
    ///
    /// A name is a place in the pipeline object, in which stages, actions and the like stand by their names and not by
    /// their positions: `stages[Deploy].actions[Ship].configuration.Target`. That they stand in another order is said of
    /// their list, as `stages (order)`.
    /// - Parameter catalogue: which values are secret; that they differ is told, what they are is not.
    public func differences(
        from other: Pipeline, catalogue: ActionTypeCatalogue = .aws
    ) -> [Difference<String>] {
        let secrets = secretPlaces(catalogue).union(other.secretPlaces(catalogue))
        return Difference.between(json.leaves, other.json.leaves).filter(\.isNoMereChangeOfMembers).map { difference in
            guard secrets.contains(difference.name) else { return difference }
            return Difference(
                name: difference.name, one: difference.one.map { _ in secret },
                other: difference.other.map { _ in secret })
        }
    }

    private func secretPlaces(_ catalogue: ActionTypeCatalogue) -> Set<String> {
        var places: Set<String> = []
        for stage in stages {
            for action in stage.actions {
                for property in catalogue[action.type]?.properties ?? [] where property.secret {
                    places.insert("stages[\(stage.name)].actions[\(action.name)].configuration.\(property.name)")
                }
            }
        }
        return places
    }
}

extension Difference<String> {
    /// That a list has one more or less is told by what it has more or less.
    fileprivate var isNoMereChangeOfMembers: Bool {
        guard name.hasSuffix(orderMark) else { return true }
        let (mine, others) = (one?.split(separator: ",") ?? [], other?.split(separator: ",") ?? [])
        return mine.filter(others.contains) != others.filter(mine.contains)
    }
}

private let orderMark = " (order)"

/// As AWS shows one (ACT-5).
private let secret = "****"

extension JSON {
    /// Every value that is neither object nor list, by its place.
    fileprivate var leaves: [String: String] {
        var leaves: [String: String] = [:]
        collect("", &leaves)
        return leaves
    }

    private func collect(_ path: String, _ leaves: inout [String: String]) {
        switch self {
        case .object(let members):
            for (key, value) in members { value.collect(path.isEmpty ? key : "\(path).\(key)", &leaves) }
        case .array(let elements):
            let names = elements.compactMap { $0["name"]?.stringValue }
            let areNamed = names.count == elements.count && Set(names).count == names.count
            if areNamed, names.count > 1 { leaves[path + orderMark] = names.joined(separator: ",") }
            for (index, element) in elements.enumerated() {
                element.collect("\(path)[\(areNamed ? names[index] : "\(index)")]", &leaves)
            }
        case .string(let text): leaves[path] = text
        case .null, .bool, .integer, .real: leaves[path] = text
        }
    }
}
