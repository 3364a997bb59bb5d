import Conformance
import Glibc
import Jansson
import Workspaces

extension Template {
    /// Writes a new plugin.
    /// - Parameters:
    ///   - target: its folder, which must not be there.
    ///   - plugins: the shipped plugins, for a template that takes a program of one.
    /// - Throws: and leaves nothing behind.
    public func write(_ plugin: NewPlugin, to target: String, plugins: String?) throws(UnreadableInput) {
        guard mkdir(target, 0o777) == 0 else {
            throw errno == EEXIST
                ? UnreadableInput(target, "exists already; choose another name, or remove it")
                : UnreadableInput(target, "cannot be made: \(String(cString: strerror(errno)))")
        }
        do throws(UnreadableInput) {
            for folder in [Self.common, key] { try copy("\(directory)/\(folder)", to: target, as: plugin) }
            if let adapter {
                guard let plugins, let text = try readFile("\(plugins)/\(adapter)", limitBytes: 1 << 20) else {
                    throw UnreadableInput(adapter, "is not among the shipped plugins; install Penstock again")
                }
                try makeFolder("\(target)/bin")
                try write(text, to: "\(target)/bin/\(adapter.split(separator: "/").last!)", mode: 0o777)
            }
        } catch {
            try? Workspace(root: target, owner: nil).remove()
            throw error
        }
    }

    private func copy(_ source: String, to target: String, as plugin: NewPlugin) throws(UnreadableInput) {
        for name in names(in: source) ?? [] where name != Self.fileName {
            let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
            if isDirectory(from) {
                // A plugin that takes no input has no use for one.
                if name == "fixtures", ["Source", "Approval"].contains(plugin.category) { continue }
                try makeFolder(to)
                try copy(from, to: to, as: plugin)
            } else {
                guard let text = try readFile(from, limitBytes: 1 << 20) else {
                    throw UnreadableInput(from, "has over 1 MiB")
                }
                let mode: mode_t = access(from, X_OK) == 0 ? 0o777 : 0o666
                try write(Array(filled(String(decoding: text, as: UTF8.self), plugin).utf8), to: to, mode: mode)
            }
        }
    }

    /// The text of a template's file as it is in the plugin.
    ///
    /// A line that ends in a comment `only: WORDS` is left out unless one of the words applies to the plugin.
    func filled(_ text: String, _ plugin: NewPlugin) -> String {
        let values = [
            "name": plugin.name, "category": plugin.category, "provider": plugin.provider, "language": language,
            "requires": JSON.strings(requires).text, "build": JSON.strings(build ?? []).text,
            "command": JSON.strings(command).text,
        ]
        let traits = Set([plugin.category, isWorker ? "worker" : "oneShot"] + (build == nil ? [] : ["build"]))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line -> String? in
            guard let mark = line.firstMatch(of: /\ *(?:\/\/|#|--)\ only:\ ([A-Za-z ]+)$/) else { return String(line) }
            guard mark.1.split(separator: " ").contains(where: { traits.contains(String($0)) }) else { return nil }
            return String(line[..<mark.range.lowerBound])
        }
        return lines.joined(separator: "\n").replacing(/\{\{(\w+)\}\}/) { values[String($0.1)] ?? String($0.0) }
    }

    private func makeFolder(_ path: String) throws(UnreadableInput) {
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
            throw UnreadableInput(path, "cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    private func write(_ text: [UInt8], to path: String, mode: mode_t) throws(UnreadableInput) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        defer { if file >= 0 { close(file) } }
        guard file >= 0, text.withUnsafeBytes({ Glibc.write(file, $0.baseAddress, $0.count) }) == text.count else {
            throw UnreadableInput(path, "cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
