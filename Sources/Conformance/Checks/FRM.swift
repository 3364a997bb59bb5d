import PluginProtocol

extension Check {
    static let framing: [Check] = [
        Check("FRM-01") { recording in
            recording.output.compactMap { _, heard in
                guard heard.means == .stray, !heard.namesProtocol else { return nil }
                return Breach(
                    heard.quoted,
                    hint:
                        "write to standard error instead; in bash begin with: exec 3>&1 1>&2, and send on descriptor 3"
                )
            }
        }
    ]
}

extension Recording.Heard {
    /// Whether the line carries the marker: then it is meant as a message, though a wrong one.
    var namesProtocol: Bool { text.contains("\"\(WireProtocol.family)") }
}
