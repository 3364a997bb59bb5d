import Glibc

/// A place inside an artifact: bytes, not text, because a file system's names are.
///
/// Components are separated by one `/`; none is empty, `.` or `..`, and none holds a NUL. So a path can never lead
/// out of the directory that it is joined to, as long as no component of it is a link.
public struct ArtifactPath: Hashable, Sendable {
    public let bytes: [UInt8]

    static let root = ArtifactPath(unchecked: [])

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// Nil unless the bytes are a path as described above.
    public init?(_ bytes: some Sequence<UInt8>) {
        self.init(unchecked: Array(bytes))
        if Self.fault(in: self.bytes) != nil { return nil }
    }

    /// Why these bytes are no path inside an artifact.
    static func fault(in bytes: [UInt8]) -> String? {
        if bytes.isEmpty { return "it is empty" }
        if bytes[0] == slash { return "it is absolute" }
        if bytes.contains(0) { return "it holds a NUL byte" }
        var start = 0
        for end in 0...bytes.count where end == bytes.count || bytes[end] == slash {
            switch end - start {
            case 0: return "it has an empty component"
            case 1 where bytes[start] == dot: return "it has a component \".\""
            case 2 where bytes[start] == dot && bytes[start + 1] == dot: return "it has a component \"..\""
            default: start = end + 1
            }
        }
        return nil
    }

    /// `name` is one component: the name of a directory entry.
    func appending(_ name: some Collection<UInt8>) -> ArtifactPath {
        var joined = [UInt8]()
        joined.reserveCapacity(bytes.count + 1 + name.count)
        if !bytes.isEmpty {
            joined += bytes
            joined.append(slash)
        }
        joined += name
        return ArtifactPath(unchecked: joined)
    }

    var isRoot: Bool { bytes.isEmpty }

    /// The path without its last component; the root's parent is the root.
    var parent: ArtifactPath {
        ArtifactPath(unchecked: Array(bytes[..<(bytes.lastIndex(of: slash) ?? 0)]))
    }

    /// The last component.
    var name: ArraySlice<UInt8> { bytes[(bytes.lastIndex(of: slash).map { $0 + 1 } ?? 0)...] }

    /// How many components there are.
    var depth: Int { isRoot ? 0 : 1 + bytes.count { $0 == slash } }

    func isBelow(_ ancestor: ArtifactPath) -> Bool {
        if ancestor.isRoot { return !isRoot }
        let count = ancestor.bytes.count
        return bytes.count > count && bytes[count] == slash && memcmp(bytes, ancestor.bytes, count) == 0
    }

    /// The components that lead here from `ancestor`.
    func components(below ancestor: ArtifactPath) -> [ArraySlice<UInt8>] {
        bytes[ancestor.bytes.count...].split(separator: slash)
    }
}

let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")

extension ArtifactPath: Comparable {
    /// Component by component, so that a directory stands right before what it holds.
    public static func < (left: ArtifactPath, right: ArtifactPath) -> Bool {
        left.bytes.withUnsafeBufferPointer { left in
            right.bytes.withUnsafeBufferPointer { right in
                for index in 0..<min(left.count, right.count) where left[index] != right[index] {
                    return rank(left[index]) < rank(right[index])
                }
                return left.count < right.count
            }
        }
    }

    private static func rank(_ byte: UInt8) -> UInt8 { byte == slash ? 0 : byte }
}

extension ArtifactPath: CustomStringConvertible {
    /// The path for a reader, on one line: what cannot be shown is escaped as `\n` or `\xFF`.
    public var description: String { isRoot ? "." : escaped(bytes) }
}

/// Bytes for a reader, on one line: control characters are escaped, and where the bytes are no UTF-8, all but ASCII.
func escaped(_ bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self) {
        return text.unicodeScalars.reduce(into: "") { $0 += shown($1) }
    }
    return bytes.reduce(into: "") { $0 += $1 < 0x80 ? shown(Unicode.Scalar($1)) : "\\x" + hex($1) }
}

private func shown(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\t": "\\t"
    case _ where scalar.properties.generalCategory == .control: "\\x" + hex(UInt8(scalar.value))
    case _ where scalar.properties.generalCategory == .format: "\\u{\(String(scalar.value, radix: 16))}"
    default: String(scalar)
    }
}

private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
