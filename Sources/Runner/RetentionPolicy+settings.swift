import Engine
import Jansson

extension RetentionPolicy {
    /// What settings say under `retention`: `{all: {…}, each: {…}, pipelines: {NAME: {…}}}`.
    /// - Throws: with a path that begins with `retention`.
    public init(settings: JSON?) throws(JSONTypeError) {
        self.init()
        guard let settings, let reader = try JSONReader(["retention": settings]).optional("retention") else { return }
        try reader.refuseUnknownMembers(known: ["all", "each", "pipelines"])
        all = try Retention(reader.optional("all"))
        each = try Retention(reader.optional("each"))
        for (name, limits) in try reader.optional("pipelines")?.members() ?? [] {
            pipelines[name] = try Retention(limits)
        }
    }
}

extension Retention {
    fileprivate init(_ reader: JSONReader?) throws(JSONTypeError) {
        self.init()
        try reader?.refuseUnknownMembers(known: ["days", "executions", "bytes"])
        days = try Self.limit(reader?.optional("days"))
        executions = try Self.limit(reader?.optional("executions"))
        bytes = try Self.limit(reader?.optional("bytes"))
    }

    private static func limit(_ reader: JSONReader?) throws(JSONTypeError) -> Int? {
        guard let reader else { return nil }
        let value = try reader.integer()
        guard 1...Int64(1) << 50 ~= Int64(value) else {
            throw JSONTypeError(path: reader.path, problem: "must be a whole number of at least 1, found \(value)")
        }
        return Int(value)
    }
}
