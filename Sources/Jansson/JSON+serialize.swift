import CJansson

extension JSON {
    /// The compact text of this value: one line, members sorted by key, UTF-8.
    public var serialized: [UInt8] { serialized(flags: Int(JSON_COMPACT)) }

    /// The text of this value for a reader: two spaces of indentation.
    public var prettyPrinted: String { String(decoding: serialized(flags: 2), as: UTF8.self) }

    /// `serialized` as a string.
    public var text: String { String(decoding: serialized, as: UTF8.self) }

    private func serialized(flags: Int) -> [UInt8] {
        let root = node(self)
        defer { json_decref(root) }
        // Jansson's default of 17 digits writes 0.1 as 0.10000000000000001: ask for as few as the reals here need.
        let precision = (significantDigits & 0x1F) << 11
        let all = flags | Int(JSON_ENCODE_ANY) | Int(JSON_SORT_KEYS) | precision
        let size = json_dumpb(root, nil, 0, all)
        precondition(size > 0, "a JSON value always has a text: strings are valid UTF-8 and reals are finite")
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = buffer.withMemoryRebound(to: CChar.self) { json_dumpb(root, $0.baseAddress, size, all) }
        }
    }

    /// The most digits that any real in this value needs to be read back unchanged.
    private var significantDigits: Int {
        switch self {
        case .real(let real):
            let digits = real.description.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
            return max(1, digits.count)
        case .array(let elements): return elements.lazy.map(\.significantDigits).max() ?? 1
        case .object(let members): return members.values.lazy.map(\.significantDigits).max() ?? 1
        case .null, .bool, .integer, .string: return 1
        }
    }
}

private func node(_ value: JSON) -> UnsafeMutablePointer<json_t> {
    switch value {
    case .null: return json_null()
    case .bool(let bool): return bool ? json_true() : json_false()
    case .integer(let integer): return json_integer(integer)
    case .real(let real):
        precondition(real.isFinite, "JSON has no NaN and no infinity")
        return json_real(real)
    case .string(let string): return stringNode(string)
    case .array(let elements):
        let array: UnsafeMutablePointer<json_t> = json_array()
        for element in elements { json_array_append_new(array, node(element)) }
        return array
    case .object(let members):
        let object: UnsafeMutablePointer<json_t> = json_object()
        for (key, member) in members {
            var key = key
            key.withUTF8 { bytes in
                _ = bytes.withMemoryRebound(to: CChar.self) {
                    json_object_setn_new_nocheck(object, $0.baseAddress, $0.count, node(member))
                }
            }
        }
        return object
    }
}

private func stringNode(_ string: String) -> UnsafeMutablePointer<json_t> {
    // An empty string may have no buffer, and Jansson wants an address.
    if string.isEmpty { return json_stringn_nocheck("", 0) }
    var string = string
    return string.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { json_stringn_nocheck($0.baseAddress, $0.count) }
    }
}
