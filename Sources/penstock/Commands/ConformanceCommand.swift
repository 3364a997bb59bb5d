import ArgumentParser
import Conformance
import Jansson

struct ConformanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance", abstract: "Judges a plugin by the rules of the contract, from outside.",
        discussion:
            "Exit codes: 0 yes; 1 no; 2 unreadable input or wrong usage; 3 a fault of the kit's own; 4 interrupted.",
        subcommands: [
            Lint.self, Run.self, List.self, Explain.self, Replay.self, Selftest.self, MakeBadge.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the rules.")

        @Flag(help: "One JSON object a line.") var json = false
        @Option(name: .customLong("profile"), help: ArgumentHelp("Of these only.", valueName: "name,…"))
        var profiles: [String] = []
        @Option(help: ArgumentHelp("Which set; the newest if absent.", valueName: "revision"))
        var requirements: String?

        func run() async throws {
            let set = try Installation.specification().set(requirements)
            let profiles = try Profile.named(profiles)
            for rule in set.rules where profiles.isEmpty || profiles.contains(rule.profile) {
                print(json ? rule.json.text : rule.line)
            }
        }
    }

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Says what a rule demands and how it is checked.")
        @Argument(help: "The rule's id, as FRM-01.") var rule: String

        func run() async throws {
            let specification = try Installation.specification()
            let set = try specification.set(nil)
            let rule = try set.rule(self.rule)
            print(
                "\(rule.id)  \(rule.keyword.rawValue)  profile \(rule.profile.rawValue)  requirements \(set.revision)\n"
            )
            print("\(rule.sentence)\n")
            print("written    \(specification.directory)/\(rule.written)")
            print("checked    \(rule.howChecked)")
            for (index, mutant) in try specification.mutants(of: rule.id).enumerated() {
                let about = mutant.about.isEmpty ? "" : ": \(mutant.about)"
                print(
                    "\(index == 0 ? "broken by" : "         ")  \(specification.directory)/mutants/\(mutant.name)\(about)"
                )
            }
            print("hint       \(rule.hint)")
        }
    }

    struct MakeBadge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "badge", abstract: "Makes an endpoint badge of shields.io from a result.")
        @Argument(help: "A conformance.json that `run` has written.") var result: String

        func run() async throws {
            try refuseEmpty(result, "the name of a result")
            print(try Badge(readingResult: result, Installation.specification()).json.text)
        }
    }
}

extension Specification {
    /// - Parameter revision: nil for the newest.
    func set(_ revision: String?) throws -> Requirements {
        if let revision, !revisions.contains(revision) {
            throw Answer(
                .usage,
                "--requirements \(revision): there is no such set; there are \(revisions.joined(separator: ", "))")
        }
        return try revision.map(requirements) ?? newest()
    }
}

extension Requirements {
    /// - Throws: what the id may have been meant to be.
    func rule(_ id: String) throws -> Rule {
        if let rule = self[id.uppercased()] { return rule }
        let near = nearest(to: id, in: rules.map(\.id)).map { "; did you mean \"\($0)\"?" } ?? ""
        throw Answer(.usage, "there is no rule \(id)\(near) (`penstock conformance list` lists them)")
    }
}

extension Profile {
    /// Of options that name several with commas.
    static func named(_ options: [String]) throws -> [Profile] {
        let names = allCases.map(\.rawValue)
        return try words(options).map { word in
            if let profile = Profile(rawValue: word) { return profile }
            let near = nearest(to: word, in: names).map { "; did you mean \"\($0)\"?" } ?? ""
            throw Answer(.usage, "--profile \(word): must be of \(names.joined(separator: ", "))\(near)")
        }
    }
}

/// What options say that may be repeated and take several words with commas.
func words(_ options: [String]) -> [String] {
    options.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
}

extension Rule {
    fileprivate var json: JSON {
        .strings([
            "id": id, "keyword": keyword.rawValue, "sentence": sentence, "profile": profile.rawValue, "check": check,
            "written": written,
        ])
    }

    fileprivate var line: String {
        let keyword = keyword.rawValue.padded(to: 10)
        return "\(id)  \(keyword)  \(profile.rawValue.padded(to: 12))  \(check.padded(to: 16))  \(sentence)"
    }
}
