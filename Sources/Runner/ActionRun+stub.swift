import Engine
import Glibc
import Pipelines
import PluginHost
import PluginProtocol
import Workspaces

extension ActionRun {
    /// A stub in place of a plugin: makes the declared outputs, and answers as it was chosen.
    func answer(with stub: ActionStub) async throws -> Event {
        write(LogRecord(source: .host, level: .info, text: "a stub answers in place of \(dispatch.action.type)"))
        var artifacts: [String: String] = [:]
        switch stub.outcome {
        case .succeeds(_, let files): artifacts = try await make(files)
        case .fails(let failure): write(LogRecord(source: .host, level: .error, text: failure.message))
        }
        return stub.event(for: dispatch, at: setup.now(), artifacts: artifacts)
    }

    /// Takes the files in as a plugin's outputs are taken in, so that real actions can work with them.
    private func make(_ files: [String: [String: String]]) async throws -> [String: String] {
        let names = dispatch.action.outputArtifacts.map(\.name)
        guard !names.isEmpty else { return [:] }
        let workspace = try Workspace(in: setup.workspaces, named: job, owner: nil, outputs: names)
        let outcome: Result<[String: String], any Error>
        do {
            try await blocking {
                for name in names {
                    for (path, text) in files[name] ?? [:] { try put(text, at: path, in: workspace.output(name)) }
                }
            }
            outcome = .success(try await ingestOutputs(of: workspace, Limits()))
        } catch {
            outcome = .failure(error)
        }
        await discard(workspace, write)
        return try outcome.get()
    }
}

/// - Throws: `SpawnFailed`, after which the same is tried again: it is this machine that could not.
private func put(_ text: String, at path: String, in folder: String) throws(Failure) {
    var parent = folder
    for component in path.split(separator: "/").dropLast() {
        parent += "/\(component)"
        guard mkdir(parent, 0o755) == 0 || errno == EEXIST else { throw cannotMake(parent) }
    }
    guard let file = fopen("\(folder)/\(path)", "wxe") else { throw cannotMake("\(folder)/\(path)") }
    let bytes = Array(text.utf8)
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count else { throw cannotMake("\(folder)/\(path)") }
}

private func cannotMake(_ path: String) -> Failure {
    Failure(.spawnFailed, "a stub cannot make \(path): \(String(cString: strerror(errno)))")
}
