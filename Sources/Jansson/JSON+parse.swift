import CJansson

/// Why a text is not one strict JSON document.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    /// From 1; 0 when the place is not known.
    public let line: Int
    public let column: Int
    /// From the first byte of the text.
    public let byteOffset: Int

    public init(message: String, line: Int = 0, column: Int = 0, byteOffset: Int = 0) {
        self.message = message
        self.line = line
        self.column = column
        self.byteOffset = byteOffset
    }

    public var description: String {
        line > 0 ? "line \(line), column \(column): \(message)" : message
    }
}

extension JSON {
    /// Nesting that nothing of ours needs; a protocol line allows less (`MessageLimits`).
    public static let defaultMaximumDepth = 128

    /// Parses one strict JSON document: no duplicate keys, comments, trailing commas, byte order mark or trailing text.
    ///
    /// Depth is counted before Jansson sees the bytes, so a depth bomb costs one pass and no recursion.
    /// - Throws: `JSONSyntaxError` with the place of the first fault.
    public init(parsing bytes: some Collection<UInt8>, maximumDepth: Int = defaultMaximumDepth) throws(JSONSyntaxError)
    {
        let contiguous = ContiguousArray(bytes)
        let result = contiguous.withUnsafeBufferPointer { buffer -> Result<JSON, JSONSyntaxError> in
            if let offset = firstByte(deeperThan: maximumDepth, in: buffer) {
                return .failure(
                    JSONSyntaxError(message: "nested deeper than \(maximumDepth) levels", byteOffset: offset))
            }
            return parse(buffer)
        }
        self = try result.get()
    }

    public init(parsing text: String, maximumDepth: Int = defaultMaximumDepth) throws(JSONSyntaxError) {
        try self.init(parsing: text.utf8, maximumDepth: maximumDepth)
    }
}

/// Seeds Jansson's hash once: its own lazy seeding is not safe from two threads.
private let seeded: Void = json_object_seed(0)

private func parse(_ buffer: UnsafeBufferPointer<UInt8>) -> Result<JSON, JSONSyntaxError> {
    _ = seeded
    var error = json_error_t()
    let flags = Int(JSON_REJECT_DUPLICATES) | Int(JSON_DECODE_ANY) | Int(JSON_ALLOW_NUL)
    let parsed = buffer.withMemoryRebound(to: CChar.self) { json_loadb($0.baseAddress, $0.count, flags, &error) }
    guard let root = parsed else {
        let message = withUnsafeBytes(of: error.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return .failure(
            JSONSyntaxError(
                message: message.isEmpty ? "no JSON" : message, line: Int(error.line), column: Int(error.column),
                byteOffset: Int(error.position)))
    }
    defer { json_decref(root) }
    return .success(value(root))
}

private func value(_ node: UnsafeMutablePointer<json_t>) -> JSON {
    switch node.pointee.type {
    case JSON_OBJECT:
        var members: [String: JSON] = [:]
        members.reserveCapacity(json_object_size(node))
        var iterator = json_object_iter(node)
        while let current = iterator {
            let key = UnsafeRawBufferPointer(
                start: json_object_iter_key(current), count: json_object_iter_key_len(current))
            members[String(decoding: key, as: UTF8.self)] = value(json_object_iter_value(current))
            iterator = json_object_iter_next(node, current)
        }
        return .object(members)
    case JSON_ARRAY:
        return .array((0..<json_array_size(node)).map { value(json_array_get(node, $0)) })
    case JSON_STRING:
        let bytes = UnsafeRawBufferPointer(start: json_string_value(node), count: json_string_length(node))
        return .string(String(decoding: bytes, as: UTF8.self))
    case JSON_INTEGER: return .integer(json_integer_value(node))
    case JSON_REAL: return .real(json_real_value(node))
    case JSON_TRUE: return .bool(true)
    case JSON_FALSE: return .bool(false)
    default: return .null
    }
}

/// The offset of the bracket that opens level `limit + 1`; strings are skipped.
private func firstByte(deeperThan limit: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var depth = 0
    var inString = false
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        if inString {
            if byte == UInt8(ascii: "\\") { index += 1 } else if byte == UInt8(ascii: "\"") { inString = false }
        } else if byte == UInt8(ascii: "\"") {
            inString = true
        } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
            depth += 1
            if depth > limit { return index }
        } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
            depth -= 1
        }
        index += 1
    }
    return nil
}
