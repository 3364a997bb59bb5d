import Conformance
import Glibc

/// Where a plugin is installed from.
public enum PluginSource: Hashable, Sendable {
    /// Absolute, without links.
    case directory(String)
    case archive(String)
    /// A git URL, and a tag, a branch or a commit of it; nil is what the repository itself names.
    case repository(url: String, revision: String?)

    /// Reads `SOURCE[@REVISION]`, and looks whether a directory or a file is there.
    /// - Throws: for what is none of these, with what it could be.
    public init(_ text: String) throws(TrustError) {
        guard !text.isEmpty else { throw TrustError("the source is empty") }
        guard
            text.unicodeScalars.allSatisfy({ $0.value > 0x20 && !(0x7F..<0xA0).contains($0.value) })
                || text.contains("/")
        else {
            throw Self.unknown(text)
        }
        if text.contains("://") {
            self = try Self.repository(text)
        } else if let local = try Self.local(text) {
            self = local
        } else if let match = text.wholeMatch(of: /([A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*):([^:].*)/) {
            let (path, revision) = try Self.split(String(match.2), text)
            self = .repository(url: "\(match.1):\(path)", revision: revision)
        } else if let at = text.lastIndex(of: "@"), case .directory(let path)? = try Self.local(String(text[..<at])) {
            self = .repository(
                url: "file://\(path)", revision: try Self.revision(String(text[text.index(after: at)...]), text))
        } else {
            throw Self.unknown(text)
        }
    }

    private static func local(_ text: String) throws(TrustError) -> PluginSource? {
        guard let path = realPath(text), let kind = mode(of: path).map({ $0 & S_IFMT }) else { return nil }
        guard path != "/" else { throw TrustError("\(text): is the whole machine; name the folder of one plugin") }
        switch kind {
        case S_IFDIR: return .directory(path)
        case S_IFREG: return .archive(path)
        default: throw TrustError("\(text): is neither a directory nor a file")
        }
    }

    private static func repository(_ text: String) throws(TrustError) -> PluginSource {
        guard let match = text.wholeMatch(of: /(https|ssh|git|file):\/\/([^\/]*)(\/.+)/) else { throw unknown(text) }
        let (scheme, authority) = (match.1, match.2)
        // A host that begins so would be an option to ssh.
        guard authority.isEmpty == (scheme == "file"), !authority.hasPrefix("-"),
            text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F })
        else { throw unknown(text) }
        if scheme == "file", isPlainDirectory(String(match.3)) { return .repository(url: text, revision: nil) }
        let (path, revision) = try split(String(match.3), text)
        return .repository(url: "\(scheme)://\(authority)\(path)", revision: revision)
    }

    /// Separates what follows the last `@`, unless that begins the name of a folder: `/@scope/name`.
    private static func split(_ path: String, _ text: String) throws(TrustError) -> (String, String?) {
        guard let at = path.lastIndex(of: "@"), at > path.startIndex, path[path.index(before: at)] != "/" else {
            return (path, nil)
        }
        return (String(path[..<at]), try revision(String(path[path.index(after: at)...]), text))
    }

    /// What can name a tag, a branch or a commit, and neither an option nor anything else to git.
    private static func revision(_ name: String, _ text: String) throws(TrustError) -> String {
        guard name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9._\/+-]*/) != nil, !name.contains(".."), !name.hasSuffix("/")
        else {
            throw TrustError("\(text): \"\(name)\" cannot be a revision; name a tag, a branch or a commit behind the @")
        }
        return name
    }

    private static func unknown(_ text: String) -> TrustError {
        TrustError(
            "\(text): is no directory and no archive that is there, and no git URL"
                + " (https://, ssh://, git://, file:// or user@host:path)")
    }

    /// As it may be shown: without the password of a URL.
    public var description: String {
        switch self {
        case .directory(let path), .archive(let path): path
        case .repository(let url, let revision):
            url.replacing(/:\/\/([^\/:@]*):[^\/@]*@/) { "://\($0.1):****@" } + (revision.map { "@\($0)" } ?? "")
        }
    }
}
