/// The symbolic links of one artifact, and where each leads when the artifact stands alone.
///
/// A target is read as the kernel would read it, component by component, through the other links of the artifact:
/// `up/../..` is harmless if `up` is a directory at depth two, and an escape if it is a link to one at depth one.
struct Links {
    private let targets: [(path: ArtifactPath, target: [UInt8])]
    private let targetByPath: [ArtifactPath: [UInt8]]
    private var ends: [ArtifactPath: End] = [:]

    private struct End {
        var place: ArtifactPath
        /// Links that were followed on the way, this one included.
        var hops = 1
    }

    init(_ entries: [ArtifactEntry]) {
        targets = entries.compactMap { entry in
            if case .link(let target) = entry.kind { (entry.path, target) } else { nil }
        }
        targetByPath = Dictionary(uniqueKeysWithValues: targets.map { ($0.path, $0.target) })
    }

    /// - Throws: `badLink`, about the first link that leads out or nowhere.
    mutating func check() throws(ArtifactError) {
        for (path, target) in targets { _ = try end(of: path, target, depth: 1) }
    }

    private mutating func end(of link: ArtifactPath, _ target: [UInt8], depth: Int) throws(ArtifactError) -> End {
        if let known = ends[link] { return known }
        if target.isEmpty { throw .badLink(link, target, "which is no target") }
        if target[0] == slash { throw .badLink(link, target, "an absolute path") }
        var end = End(place: link.parent)
        for component in target.split(separator: slash) where component != [dot] {
            if component == [dot, dot] {
                if end.place.isRoot { throw .badLink(link, target, "which leads out of the artifact") }
                end.place = end.place.parent
                continue
            }
            end.place = end.place.appending(component)
            guard let next = targetByPath[end.place] else { continue }
            // The depth is bounded before the hops are known, so that a circle ends too.
            guard depth < hopLimit else { throw .badLink(link, target, "part of a circle or of a long chain of links") }
            let followed = try self.end(of: end.place, next, depth: depth + 1)
            end.place = followed.place
            end.hops += followed.hops
            guard end.hops <= hopLimit else { throw .badLink(link, target, "over more than \(hopLimit) other links") }
        }
        ends[link] = end
        return end
    }
}

/// The kernel gives up with ELOOP after as many.
private let hopLimit = 40
private let dot = UInt8(ascii: ".")

extension ArtifactError {
    fileprivate static func badLink(_ path: ArtifactPath, _ target: [UInt8], _ reason: String) -> ArtifactError {
        ArtifactError(
            .badLink, path.description,
            "\(path) is a link to \"\(escaped(target))\", \(reason): links must be relative and stay inside it"
        )
    }
}
