import Failpoints
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
/// To be called by whoever holds the state directory, before anything is started. What is not named as a workspace
/// is nobody's business here and stays.
/// - Throws: when a process cannot be ended or a workspace not be removed; when `workspaces` is a link, before anything
///   is removed, because what it leads to is not ours.
public func endSurvivors(in workspaces: String) async throws(WorkspaceError) {
    var status = stat()
    guard lstat(workspaces, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw WorkspaceError(
            .invalidPath, "\(workspaces): is not a directory of its own; move it away, or choose another --state")
    }
    for name in folders(in: workspaces) where isWorkspace(name) {
        let workspace = Workspace(root: "\(workspaces)/\(name)", owner: nil)
        if let record = processRecord(in: workspace) { try await record.killAndWait() }
        try await endProcesses(of: workspace)
        reach(.survivorsEnded)
        try workspace.remove()
    }
}

/// A job's id, or the 16 digits of one that only probed the sandbox.
private func isWorkspace(_ name: String) -> Bool {
    name.wholeMatch(of: /[0-9a-f]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil
}

/// Ends what the plugin itself started, which without a sandbox nothing ends with it, and what a core that died could
/// not write down any more.
private func endProcesses(of workspace: Workspace) async throws(WorkspaceError) {
    var survivors: [ProcessRecord]
    repeat {
        survivors = folders(in: "/proc").compactMap { Int32($0) }.compactMap { pid in
            guard let record = ProcessRecord.capture(pid: pid), record.isAlive, works(pid, in: workspace) else {
                return nil
            }
            return record
        }
        for survivor in survivors { try await survivor.killAndWait() }
    } while !survivors.isEmpty
}

/// By a home in the workspace, whose name nothing else ever had, or as a sandbox that shows its inputs: a bwrap that
/// loses its parent while it makes its namespaces leaves a child behind, which waits for it for ever; and where there is
/// no namespace our launcher may still be at it.
private func works(_ pid: Int32, in workspace: Workspace) -> Bool {
    if strings(in: "environ", of: pid).contains(Array("HOME=\(workspace.root)/home".utf8)[...]) { return true }
    let arguments = strings(in: "cmdline", of: pid)
    let isSandbox = ["/bwrap", "/penstock-sandbox"].contains { name in
        arguments.first?.suffix(name.utf8.count).elementsEqual(name.utf8) == true
    }
    return isSandbox && arguments.contains(Array("\(workspace.root)/in".utf8)[...])
}

/// Empty for another user's process, which cannot be a survivor of ours.
private func strings(in file: String, of pid: Int32) -> [ArraySlice<UInt8>] {
    guard let file = fopen("/proc/\(pid)/\(file)", "re") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4_096)
    while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
    return bytes.split(separator: 0)
}

func folders(in parent: String) -> [String] {
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
