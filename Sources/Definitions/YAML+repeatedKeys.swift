import Jansson
import Yams

/// What a key of a template that stands in its object before another of the same name is called instead of it.
let repeatedKeySuffix = " (again)"

/// The last of Unicode's private characters.
let repeatedKeyMark: Unicode.Scalar = "\u{F8FF}"

/// More than these are no slips.
private let repeatedKeysLimit = 10

/// Reads a template that has a key more than once in one object: the last one counts, as in CloudFormation, and the
/// others are kept under names that nothing asks for. What looks at such an object itself finds them there.
/// - Parameter error: what reading it as it stands threw.
/// - Throws: when that is not all that is wrong with it.
func readTemplate(_ source: String, after error: YamlError, file: String, standIn: Unicode.Scalar) throws -> JSON {
    guard source.hasPrefix("Resources:") || source.contains("\nResources:"),
        !source.unicodeScalars.contains(repeatedKeyMark)
    else { throw error }
    var (source, error) = (source, error)
    for count in 1...repeatedKeysLimit {
        guard case .duplicatedKeysInMapping(_, let context) = error,
            let place = index(of: context.mark, in: source.unicodeScalars)
        else { throw error }
        source.unicodeScalars.insert(contentsOf: Array(repeating: repeatedKeyMark, count: count), at: place)
        do {
            return try read(source, file: file, standIn: standIn)
        } catch let next as YamlError {
            error = next
        }
    }
    throw error
}

/// Lines and columns count from 1, columns in characters.
private func index(of mark: Mark, in text: String.UnicodeScalarView) -> String.UnicodeScalarView.Index? {
    var start = text.startIndex
    for _ in 1..<max(1, mark.line) {
        guard let end = text[start...].firstIndex(of: "\n") else { return nil }
        start = text.index(after: end)
    }
    return text.index(start, offsetBy: mark.column - 1, limitedBy: text.endIndex)
}
