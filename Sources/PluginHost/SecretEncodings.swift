import Jansson

/// The ways in which one secret may stand in a text.
///
/// Raw, JSON-escaped, URI-escaped, shell single-quoted, and base64 at its three alignments. Spec: protocol, section 8
func encodings(of secret: String) -> Set<[UInt8]> {
    let raw = Array(secret.utf8)
    var all: Set<[UInt8]> = [raw]
    for asciiOnly in [false, true] {
        for slash in [false, true] { all.insert(jsonEscaped(secret, asciiOnly: asciiOnly, slash: slash)) }
    }
    // What libraries leave as it is differs: Python keeps the slash, JavaScript five marks, forms write + for a blank.
    for kept in ["", "/", "!*'()"] {
        for digits in ["0123456789ABCDEF", "0123456789abcdef"] {
            let escaped = uriEscaped(raw, keeping: kept, digits: Array(digits.utf8))
            all.insert(escaped)
            all.insert(replacing(Array("%20".utf8), in: escaped, by: [UInt8(ascii: "+")]))
        }
    }
    for quote in ["'\\''", "'\"'\"'"] {
        all.insert(replacing([UInt8(ascii: "'")], in: raw, by: Array(quote.utf8)))
    }
    for alignment in 0...2 {
        let encoded = stableBase64(of: raw, alignment: alignment)
        all.insert(encoded)
        all.insert(
            encoded.map {
                $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
            })
    }
    return all
}

private func jsonEscaped(_ text: String, asciiOnly: Bool, slash: Bool) -> [UInt8] {
    var escaped = Array(JSON.string(text).serialized.dropFirst().dropLast())
    if slash { escaped = replacing([UInt8(ascii: "/")], in: escaped, by: Array("\\/".utf8)) }
    guard asciiOnly else { return escaped }
    return Array(
        String(decoding: escaped, as: UTF8.self).utf16.map { unit in
            guard unit >= 0x80 else { return String(UnicodeScalar(UInt8(unit))) }
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined().utf8)
}

private func uriEscaped(_ bytes: [UInt8], keeping kept: String, digits: [UInt8]) -> [UInt8] {
    let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~\(kept)".utf8)
    return bytes.flatMap { byte in
        unreserved.contains(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}

/// Base64 of `bytes` behind `alignment` unknown bytes, less the characters at both ends that depend on the neighbours.
private func stableBase64(of bytes: [UInt8], alignment: Int) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let padded = [UInt8](repeating: 0, count: alignment) + bytes
    let sextets = (padded.count * 8) / 6
    let unstable = alignment == 0 ? 0 : alignment + 1
    guard sextets > unstable else { return [] }
    return (unstable..<sextets).map { index in
        let bit = index * 6
        let high = Int(padded[bit / 8]) << 8
        let low = bit / 8 + 1 < padded.count ? Int(padded[bit / 8 + 1]) : 0
        return alphabet[(high | low) >> (10 - bit % 8) & 63]
    }
}

private func replacing(_ part: [UInt8], in bytes: [UInt8], by other: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        if rest.starts(with: part) {
            result += other
            rest = rest.dropFirst(part.count)
        } else {
            result.append(rest.removeFirst())
        }
    }
    return result
}
