import Glibc
import Workspaces

extension Workspace {
    /// Writes down which process works here, for a core that comes after us.
    ///
    /// Not synced: it only has to outlive this process, and after a machine's restart nothing has survived.
    public func record(_ pid: Int32) {
        guard let text = ProcessRecord.capture(pid: pid)?.text, let file = fopen("\(root)/process", "we") else {
            return
        }
        fputs(text, file)
        fclose(file)
    }
}

/// Ends what an earlier core left running in `workspaces`, and removes its workspaces (HST-26).
///
/// To be called by whoever holds the state directory, before anything is started.
/// - Throws: when a process cannot be ended or a workspace not be removed.
public func endSurvivors(in workspaces: String) async throws(WorkspaceError) {
    for name in folders(in: workspaces) {
        let workspace = Workspace(root: "\(workspaces)/\(name)", owner: nil)
        if let record = processRecord(in: workspace) { try await record.killAndWait() }
        try workspace.remove()
    }
}

private func folders(in parent: String) -> [String] {
    guard let directory = opendir(parent) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

private func processRecord(in workspace: Workspace) -> ProcessRecord? {
    guard let file = fopen("\(workspace.root)/process", "re") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = fread(&bytes, 1, bytes.count, file)
    return ProcessRecord(text: String(decoding: bytes[..<count], as: UTF8.self))
}
