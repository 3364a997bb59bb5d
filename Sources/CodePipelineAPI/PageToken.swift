import Jansson

/// Where the next page of an answer begins; it belongs to one operation with one input.
struct PageToken {
    private let query: String

    /// - Parameter call: everything of its input but the token and the size of a page is part of the query.
    init(_ operation: String, _ call: Call) {
        guard case .object(var members) = call.input.value else {
            query = operation
            return
        }
        members["nextToken"] = nil
        members["maxResults"] = nil
        query = operation + JSON.object(members).text
    }

    /// The place where the page of a call begins; nil for the first.
    /// - Throws: `InvalidNextTokenException`.
    func place(_ call: Call) throws -> String? {
        guard let reader = try call.input.optional("nextToken") else { return nil }
        let text = decoded(try reader.string(length: 1...2048))
        guard let text, text.hasPrefix("\(query)\n") else {
            throw APIError("InvalidNextTokenException", "nextToken does not continue this query: begin it anew")
        }
        return String(text.dropFirst(query.count + 1))
    }

    /// - Parameter place: of the last element of a page that is not the last.
    func token(_ place: String) -> JSON { .string(encoded("\(query)\n\(place)")) }

    /// As letters only, so that nobody makes one up.
    private func encoded(_ text: String) -> String {
        let letters = Array("abcdefghijklmnop".utf8)
        return String(decoding: text.utf8.flatMap { [letters[Int($0 >> 4)], letters[Int($0 & 15)]] }, as: UTF8.self)
    }

    private func decoded(_ text: String) -> String? {
        let digits = text.utf8.map { $0 &- UInt8(ascii: "a") }
        guard digits.count.isMultiple(of: 2), digits.allSatisfy({ $0 < 16 }) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension Call {
    /// How many elements one page has.
    func pageSize(atMost limit: Int) throws -> Int {
        try input.optional("maxResults")?.integer(in: 1...limit) ?? limit
    }
}
