import Glibc

/// The small `/etc` that plugins see.
public struct Etc: Hashable, Sendable {
    /// What stands in its place where a plugin has mounts of its own.
    public let folder: String
    /// What may be read of the host's own where it has not.
    public let names: [String]

    /// What a program needs to find and trust a server.
    static let ofNetwork = ["/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs"]

    public init(folder: String, names: [String]) {
        self.folder = folder
        self.names = names
    }

    /// Makes the folder, once for the present state of the host's packages.
    ///
    /// Its name carries that state, so a changed host gets a new one, and what runs keeps the old one.
    /// - Parameter parent: a folder that we may write and every slot's user may enter.
    public init(in parent: String) throws(WorkspaceError) {
        let state = ["/etc/ld.so.cache", "/etc/alternatives"].map { String(stat(path: $0)?.st_mtim.tv_sec ?? 0) }
        folder = "\(parent)/etc-\(Self.layout)-\(state.joined(separator: "-"))"
        names = try Self.copied() + ["group", "hosts", "nsswitch.conf", "passwd"]
        if stat(path: folder) == nil { try Self.make(folder) }
    }

    private static func make(_ path: String) throws(WorkspaceError) {
        let draft = Workspace(root: "\(path).\(Workspace.randomName())", owner: nil)
        do {
            try fill(draft.root)
        } catch {
            try? draft.remove()
            throw error
        }
        // Someone else's may have come first: then ours is not needed.
        if rename(draft.root, path) != 0 {
            let code = errno
            try draft.remove()
            guard code == ENOTEMPTY || code == EEXIST else {
                errno = code
                throw .last("make", path)
            }
        }
    }

    /// Counts the changes of what `fill` makes.
    private static let layout = 1

    private static func fill(_ etc: String) throws(WorkspaceError) {
        for folder in ["", "/ssl", "/ssl/certs"] {
            guard mkdir(etc + folder, 0o755) == 0, chmod(etc + folder, 0o755) == 0 else {
                throw .last("make", etc + folder)
            }
        }
        for (name, text) in written { try write(text, to: "\(etc)/\(name)") }
        for name in try copied() {
            guard let status = stat(path: "/etc/\(name)") else { continue }
            if status.isDirectory {
                // Of the alternatives five in six name manual pages, and a link takes its time to make.
                try copyTree("/etc/\(name)", to: "\(etc)/\(name)", leavingOut: ".gz")
            } else {
                try copyFile("/etc/\(name)", "\(etc)/\(name)")
            }
        }
    }

    private static func write(_ text: String, to path: String) throws(WorkspaceError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .last("make", path) }
        defer { close(file) }
        let written = Array(text.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard written == text.utf8.count, fchmod(file, 0o644) == 0 else { throw .last("write", path) }
    }

    /// What programs below /usr look up here and what says nothing about this host. A name that is missing is left out.
    private static func copied() throws(WorkspaceError) -> [String] {
        var names = [
            "alternatives", "fonts", "ld.so.cache", "magic", "mime.types", "os-release", "protocols", "services",
            "ssl/openssl.cnf",
        ]
        try Directory("/etc").forEachName { name in
            // Debian keeps the configuration of each Java here, without which none starts.
            if text(of: name).hasPrefix("java-") { names.append(text(of: name)) }
        }
        return names
    }

    private static let written = [
        "passwd": """
        root:x:0:0:root:/root:/usr/sbin/nologin
        penstock:x:1000:1000:penstock:/workspace/home:/bin/sh
        nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

        """,
        "group": "root:x:0:\npenstock:x:1000:\nnogroup:x:65534:\n",
        "hosts": "127.0.0.1 localhost penstock\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
        // The host's is mounted here when the network is granted.
        "resolv.conf": "",
    ]
}
