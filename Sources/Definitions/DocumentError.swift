/// Why a file could not be read as one document.
public struct DocumentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// As the caller named it.
    public let file: String
    /// From 1; nil when the fault has no line.
    public let line: Int?
    /// What is wrong, as the end of a sentence that starts with the file.
    public let problem: String

    public init(file: String, line: Int? = nil, problem: String) {
        self.file = file
        self.line = line
        self.problem = problem
    }

    public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(problem)" }
}
