/// The SHA-256 of an artifact's canonical text (see `Tree`): equal digests mean equal names, modes, links and bytes.
public typealias ArtifactDigest = SHA256Digest<ArtifactText>
/// The SHA-256 of the bytes of one file.
public typealias BlobDigest = SHA256Digest<BlobBytes>

/// What an `ArtifactDigest` is taken of.
public enum ArtifactText {}
/// What a `BlobDigest` is taken of.
public enum BlobBytes {}

/// A SHA-256 as a value that remembers what it was taken of; 64 lower-case hexadecimal digits as text.
public struct SHA256Digest<Subject>: Hashable, Sendable {
    /// 32 of them.
    public let bytes: [UInt8]

    init(bytes: [UInt8]) {
        precondition(bytes.count == 32, "a SHA-256 has 32 bytes")
        self.bytes = bytes
    }

    /// Nil unless the text is 64 digits, lower case.
    public init?(_ text: String) { self.init(hex: text.utf8) }

    init?(hex: some Collection<UInt8>) {
        guard hex.count == 64 else { return nil }
        var bytes = [UInt8]()
        bytes.reserveCapacity(32)
        var high: UInt8?
        for digit in hex {
            guard let value = digits.firstIndex(of: digit).map({ UInt8($0) }) else { return nil }
            if let first = high { bytes.append(first << 4 | value) }
            high = high == nil ? value : nil
        }
        self.bytes = bytes
    }

    var hex: [UInt8] {
        bytes.reduce(into: []) { text, byte in
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
    }
}

private let digits = Array("0123456789abcdef".utf8)

extension SHA256Digest: CustomStringConvertible {
    public var description: String { String(decoding: hex, as: UTF8.self) }
}

extension SHA256Digest: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a digest is 64 lower-case hexadecimal digits")
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
