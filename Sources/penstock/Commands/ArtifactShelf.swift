import Artifacts
import Engine
import Glibc
import Jansson
import Store

/// The artifacts of a state directory, by what a person calls them.
struct ArtifactShelf {
    let store: ArtifactStore
    private let common: CommonOptions

    /// An artifact that an execution has.
    struct Output {
        /// `Stage/Action`, or that a rollback took it over.
        let origin: String
        let name: String
        let digest: String
    }

    enum Found {
        case artifact(ArtifactDigest)
        case execution(ExecutionID)
    }

    /// - Throws: what every command says of a state directory in which nothing has been recorded.
    init(_ common: CommonOptions) throws {
        self.common = common
        store = ArtifactStore(reading: "\(common.stateDirectory)/artifacts")
        // Artifacts can be looked at without a history, should that be damaged.
        if access(store.directory, F_OK) != 0 { try common.history().close() }
    }

    /// - Throws: an answer when this is no state directory, which nothing makes of it but an execution.
    func writableStore() throws -> ArtifactStore {
        try common.history().close()
        return try ArtifactStore(directory: store.directory)
    }

    func artifact(_ reference: String) async throws -> ArtifactDigest {
        switch try await find(reference) {
        case .artifact(let digest): return digest
        case .execution(let id):
            let names = try await outputs(of: id).map { "\(id)/\($0.name)" }.joined(separator: ", ")
            throw Answer(.usage, "\(reference): is an execution; its artifacts are \(names.isEmpty ? "none" : names)")
        }
    }

    func find(_ reference: String) async throws -> Found {
        if let slash = reference.firstIndex(of: "/") {
            let id = try await execution(String(reference[..<slash]))
            return .artifact(try await output(String(reference[reference.index(after: slash)...]), of: id))
        }
        let digests = try digests(startingWith: reference)
        if digests.count > 1 {
            let list = digests.map { "\n  \($0)" }.joined()
            throw Answer(.usage, "\"\(reference)\": several artifacts begin so:\(list)")
        }
        guard let digest = digests.first else { return .execution(try await execution(reference)) }
        return .artifact(digest)
    }

    /// What its actions made in their last attempts, in the order of the actions.
    func outputs(of id: ExecutionID) async throws -> [Output] {
        let history = try common.history()
        let records = try await history.actions(of: id).filter(\.isCurrent)
        let rollback = try await history.find(id.text).execution.start.rollback?.artifacts ?? [:]
        let made = records.flatMap { record -> [Output] in
            guard case .succeeded(let result) = record.execution.state else { return [] }
            return result.artifacts.sorted { $0.key < $1.key }.map {
                Output(origin: "\(record.place)", name: $0.key, digest: $0.value)
            }
        }
        return rollback.sorted { $0.key < $1.key }.map {
            Output(origin: "rollback", name: $0.key, digest: $0.value)
        } + made
    }

    func measured(_ output: Output) throws -> ShownOutputs.Row {
        let digest = try digest(of: output)
        let entries = store.contains(digest) ? try store.entries(of: digest) : nil
        return ShownOutputs.Row(
            output: output,
            size: entries.map { entries in (entries.count, entries.reduce(0) { $0 + $1.sizeBytes }) })
    }

    private func execution(_ text: String) async throws -> ExecutionID {
        do {
            return try await common.history().find(text).execution.id
        } catch let answer as Answer {
            throw answer.message?.hasSuffix("lists them") == true
                ? Answer(.usage, "\"\(text)\": no artifact begins so, and no execution; `penstock history` lists them")
                : answer
        }
    }

    private func output(_ name: String, of id: ExecutionID) async throws -> ArtifactDigest {
        let outputs = try await outputs(of: id)
        let found = outputs.filter { output in
            let action = output.origin.split(separator: "/").last.map(String.init) ?? ""
            return [output.name, "\(action)/\(output.name)", "\(output.origin)/\(output.name)"].contains(name)
        }
        // Made here wins over what was taken over under the same name.
        if let output = found.last { return try digest(of: output) }
        let names = outputs.map { "\($0.origin)/\($0.name)" }
        let near = nearest(to: name, in: names + outputs.map(\.name))
        let hint = near.map { "; did you mean \($0)?" } ?? "; there are \(names.joined(separator: ", "))"
        throw Answer(.usage, "\(name): execution \(id) has \(outputs.isEmpty ? "no artifacts" : "none\(hint)")")
    }

    private func digest(of output: Output) throws -> ArtifactDigest {
        guard let digest = ArtifactDigest(output.digest) else {
            throw Answer(.fault, "\(output.origin)/\(output.name): \"\(output.digest)\" is no digest")
        }
        return digest
    }

    /// Empty where it is the beginning of none, or of too many to be meant.
    private func digests(startingWith text: String) throws -> [ArtifactDigest] {
        guard text.utf8.count >= 4, text.allSatisfy({ $0.isHexDigit && !$0.isUppercase }),
            access(store.directory, F_OK) == 0
        else { return [] }
        return try store.artifacts().filter { "\($0)".hasPrefix(text) }
    }
}
