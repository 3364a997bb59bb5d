// Codable values as JSON values. Shape: an object for keyed containers, a list for unkeyed ones; absent optionals are
// left out. What the core writes down for itself (events, effects, snapshots) goes through here.

extension JSON {
    /// - Throws: what `value` throws; a value of ours does not.
    public init(encoding value: some Encodable) throws {
        let slot = Slot()
        try value.encode(to: ValueEncoder(slot: slot))
        self = slot.json
    }

    /// - Throws: `DecodingError` with the path of the first mismatch.
    public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try Value(from: ValueDecoder(json: self, codingPath: []))
    }
}

/// Where an encoder leaves its value; containers write into it as they are filled.
private final class Slot {
    enum Content {
        case leaf(JSON)
        case array([Slot])
        case object([String: Slot])
    }
    var content = Content.leaf(.null)

    var json: JSON {
        switch content {
        case .leaf(let json): json
        case .array(let slots): .array(slots.map(\.json))
        case .object(let slots): .object(slots.mapValues(\.json))
        }
    }

    func member(_ key: String) -> Slot {
        let slot = Slot()
        if case .object(var slots) = content {
            content = .leaf(.null)
            slots[key] = slot
            content = .object(slots)
        } else {
            content = .object([key: slot])
        }
        return slot
    }

    func element() -> Slot {
        let slot = Slot()
        if case .array(var slots) = content {
            content = .leaf(.null)
            slots.append(slot)
            content = .array(slots)
        } else {
            content = .array([slot])
        }
        return slot
    }

    var count: Int { if case .array(let slots) = content { slots.count } else { 0 } }
}

private struct ValueEncoder: Encoder {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        slot.content = .object([:])
        return KeyedEncodingContainer(KeyedEncoding(slot: slot))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        slot.content = .array([])
        return UnkeyedEncoding(slot: slot)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleEncoding(slot: slot) }
}

private struct SingleEncoding: SingleValueEncodingContainer {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { slot.content = .leaf(.null) }

    func encode<T: Encodable>(_ value: T) throws {
        switch value {
        case let value as String: slot.content = .leaf(.string(value))
        case let value as Bool: slot.content = .leaf(.bool(value))
        case let value as Double: slot.content = .leaf(.real(value))
        case let value as any BinaryInteger:
            guard let integer = Int64(exactly: value) else {
                throw EncodingError.invalidValue(
                    value, .init(codingPath: [], debugDescription: "\(value) does not fit 64 signed bits"))
            }
            slot.content = .leaf(.integer(integer))
        default: try value.encode(to: ValueEncoder(slot: slot))
        }
    }
}

private struct KeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) { slot.member(key.stringValue).content = .leaf(.null) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try SingleEncoding(slot: slot.member(key.stringValue)).encode(value)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        ValueEncoder(slot: slot.member(key.stringValue)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        ValueEncoder(slot: slot.member(key.stringValue)).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { ValueEncoder(slot: slot.member("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { ValueEncoder(slot: slot.member(key.stringValue)) }
}

private struct UnkeyedEncoding: UnkeyedEncodingContainer {
    let slot: Slot
    var codingPath: [any CodingKey] { [] }
    var count: Int { slot.count }

    func encodeNil() { slot.element().content = .leaf(.null) }
    func encode<T: Encodable>(_ value: T) throws { try SingleEncoding(slot: slot.element()).encode(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        ValueEncoder(slot: slot.element()).container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        ValueEncoder(slot: slot.element()).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { ValueEncoder(slot: slot.element()) }
}

private struct ValueDecoder: Decoder {
    let json: JSON
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = json else { throw mismatch("an object") }
        return KeyedDecodingContainer(KeyedDecoding(members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = json else { throw mismatch("a list") }
        return UnkeyedDecoding(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { SingleDecoding(decoder: self) }

    func mismatch(_ expected: String) -> DecodingError {
        .typeMismatch(
            JSON.self, .init(codingPath: codingPath, debugDescription: "must be \(expected), found \(json.kind)"))
    }

    func value<T: Decodable>(_ type: T.Type) throws -> T {
        switch type {
        case is String.Type:
            if case .string(let value) = json { return value as! T } else { throw mismatch("a string") }
        case is Bool.Type: if case .bool(let value) = json { return value as! T } else { throw mismatch("a boolean") }
        case is Double.Type: if case .real(let value) = json { return value as! T } else { throw mismatch("a real") }
        case let integer as any FixedWidthInteger.Type:
            guard case .integer(let value) = json, let exact = exactly(integer, value) else {
                throw mismatch("an integer that fits \(type)")
            }
            return exact as! T
        default: return try T(from: self)
        }
    }

    private func exactly<I: FixedWidthInteger>(_ type: I.Type, _ value: Int64) -> I? { I(exactly: value) }
}

private struct SingleDecoding: SingleValueDecodingContainer {
    let decoder: ValueDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }
    func decodeNil() -> Bool { decoder.json == .null }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.value(type) }
}

private struct KeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: JSON]
    let codingPath: [any CodingKey]
    var allKeys: [Key] { members.keys.compactMap(Key.init(stringValue:)) }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).json == .null }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try decoder(key).value(type) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try decoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { ValueDecoder(json: members["super"] ?? .null, codingPath: codingPath) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

    private func decoder(_ key: Key) throws -> ValueDecoder {
        guard let json = members[key.stringValue] else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: codingPath, debugDescription: "\"\(key.stringValue)\" is required"))
        }
        return ValueDecoder(json: json, codingPath: codingPath + [key])
    }
}

private struct UnkeyedDecoding: UnkeyedDecodingContainer {
    let elements: [JSON]
    let codingPath: [any CodingKey]
    var currentIndex = 0

    init(elements: [JSON], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    mutating func decodeNil() throws -> Bool {
        guard try peek().json == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let value = try peek().value(type)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested>
    {
        defer { currentIndex += 1 }
        return try peek().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        defer { currentIndex += 1 }
        return try peek().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
        defer { currentIndex += 1 }
        return try peek()
    }

    private func peek() throws -> ValueDecoder {
        guard currentIndex < elements.count else {
            throw DecodingError.valueNotFound(
                JSON.self,
                .init(codingPath: codingPath, debugDescription: "the list has only \(elements.count) elements"))
        }
        return ValueDecoder(json: elements[currentIndex], codingPath: codingPath)
    }
}
