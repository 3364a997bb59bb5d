/// A text as a shell takes it for one word, for commands that a person is to type.
public func shellWord(_ text: String) -> String {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { UInt8(ascii: "+")...UInt8(ascii: "9") ~= $0 || isLetter($0) }
    return isPlain ? text : "'\(text.replacing("'", with: "'\\''"))'"
}

private func isLetter(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || byte == UInt8(ascii: "_")
}
