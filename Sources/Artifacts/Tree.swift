/// Everything in an artifact, sorted by path, and the canonical text that stands for it.
///
/// The text is a first line, `penstock artifact 1`, then a record for each entry:
///
///     F<mode in octal> <size> <SHA-256> <path>NUL
///     D<mode in octal> <path>NUL
///     L<path>NUL<target>NUL
struct Tree: Hashable, Sendable {
    let entries: [ArtifactEntry]

    /// - Throws: `badName` for a name that is there twice, `badLink`.
    init(_ entries: [ArtifactEntry]) throws(ArtifactError) {
        self.entries = entries.sorted { $0.path < $1.path }
        for (entry, next) in zip(self.entries, self.entries.dropFirst()) where entry.path == next.path {
            throw ArtifactError(.badName, entry.path.description, "\(entry.path) is there twice")
        }
        var links = Links(self.entries)
        try links.check()
    }

    var serialized: [UInt8] {
        var text = [UInt8]()
        text.reserveCapacity(64 + entries.count * 128)
        text += header
        for entry in entries { append(entry, to: &text) }
        return text
    }

    private func append(_ entry: ArtifactEntry, to text: inout [UInt8]) {
        switch entry.kind {
        case .file(let mode, let sizeBytes, let digest):
            text += "F\(String(mode, radix: 8)) \(sizeBytes) ".utf8
            text += digest.hex
            text.append(UInt8(ascii: " "))
            text += entry.path.bytes
        case .directory(let mode):
            text += "D\(String(mode, radix: 8)) ".utf8
            text += entry.path.bytes
        case .link(let target):
            text.append(UInt8(ascii: "L"))
            text += entry.path.bytes
            text.append(0)
            text += target
        }
        text.append(0)
    }

    /// Nil unless `serialized` of what is read would give the same bytes back, but for the order.
    init?(parsing text: [UInt8]) {
        guard text.starts(with: header) else { return nil }
        var rest = text[header.count...]
        var entries = [ArtifactEntry]()
        while !rest.isEmpty {
            guard let entry = Self.entry(takenFrom: &rest) else { return nil }
            entries.append(entry)
        }
        self.entries = entries
    }

    private static func entry(takenFrom text: inout ArraySlice<UInt8>) -> ArtifactEntry? {
        let kind: ArtifactEntry.Kind
        let letter = text.removeFirst()
        switch letter {
        case UInt8(ascii: "F"):
            guard let mode = number(&text, radix: 8), mode <= 0o777, let size = number(&text, radix: 10),
                let digest = field(&text, end: UInt8(ascii: " ")).flatMap({ BlobDigest(hex: $0) })
            else { return nil }
            kind = .file(mode: UInt16(mode), sizeBytes: size, digest: digest)
        case UInt8(ascii: "D"):
            guard let mode = number(&text, radix: 8), mode <= 0o777 else { return nil }
            kind = .directory(mode: UInt16(mode))
        case UInt8(ascii: "L"):
            guard let path = field(&text, end: 0).flatMap({ ArtifactPath($0) }), let target = field(&text, end: 0)
            else { return nil }
            return ArtifactEntry(path: path, kind: .link(target: Array(target)))
        default: return nil
        }
        return field(&text, end: 0).flatMap { ArtifactPath($0) }.map { ArtifactEntry(path: $0, kind: kind) }
    }

    private static func number(_ text: inout ArraySlice<UInt8>, radix: Int) -> Int? {
        field(&text, end: UInt8(ascii: " ")).flatMap { Int(String(decoding: $0, as: UTF8.self), radix: radix) }
            .flatMap { $0 < 0 ? nil : $0 }
    }

    private static func field(_ text: inout ArraySlice<UInt8>, end: UInt8) -> ArraySlice<UInt8>? {
        guard let index = text.firstIndex(of: end) else { return nil }
        defer { text = text[(index + 1)...] }
        return text[..<index]
    }
}

private let header = Array("penstock artifact 1\n".utf8)
