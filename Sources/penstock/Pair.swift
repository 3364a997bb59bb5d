import ArgumentParser
import Glibc
import Pipelines

/// `NAME=VALUE`
struct Pair: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equal = argument.firstIndex(of: "="), equal > argument.startIndex else { return nil }
        name = String(argument[..<equal])
        value = String(argument[argument.index(after: equal)...])
    }
}

extension [Pair] {
    /// By name; one that is given twice is refused.
    func values(of option: String) throws -> [String: String] {
        try Dictionary(grouping: self, by: \.name).mapValues { same in
            guard same.count == 1 else { throw Answer(.usage, "\(option) \(same[0].name): is given twice") }
            return same[0].value
        }
    }

    /// As `--source`: absolute paths by source action.
    func directories(for pipeline: Pipeline) throws -> [String: String] {
        let directories = try values(of: "--source")
        let actions = Set(pipeline.stages.flatMap(\.actions).filter { $0.type.category == "Source" }.map(\.name))
        for (action, directory) in directories {
            guard actions.contains(action) else {
                let names = actions.sorted().joined(separator: ", ")
                throw Answer(.usage, "--source \(action)=\(directory): no such source action; there are \(names)")
            }
            var status = stat()
            guard stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw Answer(.usage, "--source \(action)=\(directory): is not a directory")
            }
        }
        return directories.mapValues(absolute)
    }

    /// As `--variable`: unknown names are ignored (VAR-5); that they are is worth a word.
    func warnOfUnknown(in pipeline: Pipeline) {
        let names = pipeline.variables.map(\.name)
        for variable in self where !names.contains(variable.name) {
            let there = names.isEmpty ? "none" : names.joined(separator: ", ")
            complain("--variable \(variable.name): is ignored; the pipeline's variables are \(there)")
        }
    }
}
