import PluginProtocol

extension Check {
    static let artifacts: [Check] = [
        evident("ART-01") { recording in
            recording.errands.filter { recording.isFinalSuccess($0) }.flatMap { $0.missingOutputs }
        },
        evident("ART-02") { recording in
            recording.errands.flatMap(\.remains.changedInputs).map { "in/\($0) is not as it was" }
        },
        evident("ART-03") { recording in
            recording.errands.filter { recording.isFinalSuccess($0) }.flatMap { $0.outputs(having: \.linkOut) }
        },
        evident("ART-05") { recording in
            recording.errands.filter { recording.isFinalSuccess($0) }.flatMap { $0.outputs(having: \.oddity) }
        },
        evident("ART-07") { recording in
            // What an interrupted process clears away, or leaves, is not judged.
            recording.faults.isEmpty ? recording.errands.compactMap(\.lateChange) : []
        },
    ]
}

extension Recording.Errand {
    /// What should be in its outputs and is not.
    var missingOutputs: [String] {
        let folders = remains.missingOutputs.map { "the directory of the output artifact \($0) is gone" }
        let files = remains.outputs.sorted { $0.key < $1.key }.flatMap { artifact, found in
            expectedFiles(in: artifact).filter { found.entries[$0] == nil }.map {
                "\($0) is missing in the output artifact \(artifact)"
            }
        }
        return folders + files
    }

    /// Those of its fixture, while the job is the fixture's own: in other folders ART-04 is about them, and with another
    /// configuration the plugin may name them differently.
    private func expectedFiles(in artifact: String) -> [String] {
        // A worker has its own folders before that.
        let isUsual = job.data.outputArtifacts.contains { $0.name == artifact && $0.path.hasSuffix("out/\(artifact)") }
        let isUnchanged = fixture.configuration.allSatisfy { key, value in
            // One with a placeholder stands otherwise in the job.
            value.contains("{") || job.data.configuration[key] == value
        }
        return isUsual && isUnchanged ? fixture.expect.outputArtifacts[artifact] ?? [] : []
    }

    /// For each output that has one.
    fileprivate func outputs(having fault: (Snapshot) -> String?) -> [String] {
        remains.outputs.sorted { $0.key < $1.key }.compactMap { artifact, found in
            fault(found).map { "in the output artifact \(artifact): \($0)" }
        }
    }

    fileprivate var lateChange: String? {
        // The clock that stamps files ticks every few milliseconds, and the line needs a moment to us.
        let toleranceNanoseconds: Int64 = 20_000_000
        guard let end = terminalInstantNanoseconds, let all = remains.all else { return nil }
        let late = all.entries.filter { $0.value.changedNanoseconds > end + toleranceNanoseconds }
        return late.min { ($0.value.changedNanoseconds, $0.key) < ($1.value.changedNanoseconds, $1.key) }.map {
            "\($0.key) was changed \(($0.value.changedNanoseconds - end) / 1_000_000) ms after the terminal message"
        }
    }
}

extension Snapshot {
    /// The first thing that is neither a file nor a directory nor a link.
    fileprivate var oddity: String? {
        entries.sorted { $0.key < $1.key }.lazy.compactMap { path, entry in
            guard case .other(let name) = entry.kind else { return nil }
            return "\(path) is a \(name)"
        }.first
    }

    /// The first link that leads out of the folder.
    fileprivate var linkOut: String? {
        entries.sorted { $0.key < $1.key }.lazy.compactMap { path, entry in
            guard case .link(let target) = entry.kind else { return nil }
            var hops = 0
            let leadsOut = end(of: target, from: path.split(separator: "/").dropLast(), &hops) == nil
            return leadsOut ? "\(path) is a link to \(quote(target.utf8)), which leads out of it" : nil
        }.first
    }

    /// Where a link leads, read as the kernel reads it, through other links; nil out of the folder.
    private func end(of target: String, from folder: ArraySlice<Substring>, _ hops: inout Int) -> ArraySlice<Substring>?
    {
        guard !target.hasPrefix("/") else { return nil }
        var place = folder
        for part in target.split(separator: "/") where part != "." {
            if part == ".." {
                guard place.popLast() != nil else { return nil }
                continue
            }
            place.append(part)
            guard case .link(let next)? = entries[place.joined(separator: "/")]?.kind else { continue }
            hops += 1
            // A circle leads nowhere.
            guard hops <= 40 else { return [] }
            guard let further = end(of: next, from: place.dropLast(), &hops) else { return nil }
            place = further
        }
        return place
    }
}
