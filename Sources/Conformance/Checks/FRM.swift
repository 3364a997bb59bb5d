import Processes

extension Check {
    static let framing: [Check] =
        ["FRM-01", "FRM-02", "FRM-05", "FRM-06", "FRM-07", "FRM-08", "FRM-09"].map { lines($0) } + [
            Check("FRM-03") { recording in
                recording.output.map(\.heard).filter { $0.hasReturn && $0.encodingViolation == nil }.map {
                    Breach("\($0.quoted) ends with CR LF", hint: Rule.hint(for: "FRM-03"))
                }
            },
            Check("FRM-04") { recording in
                guard !recording.isCutShort, let last = recording.output.last?.heard,
                    last.line.ending == .unterminated, last.encodingViolation == nil
                else { return [] }
                return [Breach("\(last.quoted) has no LF at its end", hint: Rule.hint(for: "FRM-04"))]
            },
        ]
}
