import Glibc
import PluginProtocol

extension PluginFolder {
    /// Where a plugin's tools are looked up: its PATH. Spec: workspace.md, Environment
    public static let path = "/usr/local/bin:/usr/bin:/bin"

    /// All that the rules of the profile `manifest` find; nothing is executed. Spec: MAN-01…MAN-12
    /// - Parameter path: directories of tools, separated by colons.
    public func manifestFindings(path: String = Self.path) -> [Finding] {
        let broken = violations.map { violation in
            let place = violation.path.isEmpty ? "" : " \(violation.path)"
            return Finding(violation.rule, evidence: "plugin.json:\(place) \(violation.problem)")
        }
        guard let manifest else { return broken }
        return broken + command(of: manifest) + cases(of: manifest) + tools(of: manifest, path) + words(of: manifest)
    }

    /// MAN-07
    private func command(of manifest: Manifest) -> [Finding] {
        let program = manifest.run.command[0]
        func finding(_ problem: String, _ hint: String) -> [Finding] {
            [Finding("MAN-07", evidence: "plugin.json: run.command[0] is \"\(program)\", which \(problem)", hint: hint)]
        }
        let inside = "name a file of the plugin's own, relative to its folder"
        guard let real = realPath("\(directory)/\(program)") else { return finding("does not exist", inside) }
        guard real.hasPrefix("\(directory)/") else {
            return finding("leads out of the plugin's folder, to \(real)", inside)
        }
        let mode = mode(of: real)
        guard mode & S_IFMT == S_IFREG else { return finding("is no regular file", inside) }
        // To root everything with any x bit is executable, to a sandbox's user it is not: access(2) would not say.
        guard mode & 0o111 != 0 else { return finding("is not executable", "chmod +x \(program)") }
        return []
    }

    /// MAN-10
    private func cases(of manifest: Manifest) -> [Finding] {
        guard let file = manifest.conformance else { return [] }
        let faults = fixtureProblems.map {
            Finding("MAN-10", evidence: "\($0)", hint: "see spec/conformance.md, Fixtures")
        }
        let shown = fixtures.reduce(into: Set()) { $0.formUnion($1.traits) }
        let missing = manifest.demandedTraits.filter { !shown.contains($0.trait) }
        return faults
            + missing.map { trait, capability in
                Finding(
                    "MAN-10", evidence: "\(file): no case has the trait \(trait.rawValue), which \(capability) demands",
                    hint: "add a case with \"traits\": [\"\(trait.rawValue)\"]")
            }
    }

    /// MAN-11
    private func tools(of manifest: Manifest, _ path: String) -> [Finding] {
        let folders = path.split(separator: ":")
        let missing = manifest.run.requires.enumerated().filter { _, tool in
            !folders.contains { folder in
                let mode = mode(of: "\(folder)/\(tool)")
                return mode & S_IFMT == S_IFREG && mode & 0o111 != 0
            }
        }
        return missing.map { index, tool in
            Finding(
                "MAN-11", evidence: "plugin.json: run.requires[\(index)] is \"\(tool)\", which is not in \(path)",
                hint: "install it, or leave it out if the plugin does not use it")
        }
    }

    /// MAN-12
    private func words(of manifest: Manifest) -> [Finding] {
        var lacking = [
            ("description", manifest.description), ("homepage", manifest.homepage), ("license", manifest.license),
        ].filter { isBlank($0.1) }.map(\.0)
        for (index, type) in manifest.actionTypes.enumerated() {
            for (number, property) in type.configurationProperties.enumerated() where isBlank(property.description) {
                lacking.append(
                    "actionTypes[\(index)].configurationProperties[\(number)].description (of \(property.name))")
            }
        }
        return lacking.map { Finding("MAN-12", evidence: "plugin.json: \($0) is missing or empty") }
    }

    private func isBlank(_ text: String?) -> Bool { text?.allSatisfy(\.isWhitespace) ?? true }
}

extension Manifest {
    /// Which cases there must be, and what asks for them. Spec: conformance.md, Fixtures
    fileprivate var demandedTraits: [(trait: Fixture.Trait, capability: String)] {
        let hasOutputs = actionTypes.contains { $0.outputArtifacts.upperBound > 0 }
        let hasSecrets = actionTypes.contains { $0.configurationProperties.contains(where: \.secret) }
        let demands: [(Fixture.Trait, String, Bool)] = [
            (.succeeds, "every plugin", true), (.fails, "every plugin", true),
            (.longRunning, "run.heartbeatSeconds", run.heartbeatSeconds != nil),
            (.producesArtifact, "outputArtifactDetails.maximumCount above 0", hasOutputs),
            (.usesSecret, "a secret property", hasSecrets), (.continues, "run.continuations", run.continuations),
        ]
        return demands.filter(\.2).map { ($0.0, $0.1) }
    }
}

extension Finding {
    /// With the rule's own hint.
    init(_ rule: String, fixture: String? = nil, probe: String? = nil, evidence: String) {
        self.init(rule, fixture: fixture, probe: probe, evidence: evidence, hint: Rule.hint(for: rule))
    }
}
