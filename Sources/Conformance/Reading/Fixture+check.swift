import Jansson
import PluginProtocol

extension Fixture {
    /// What a case says beside what the manifest says: such a job no host would send, or the case cannot show its trait.
    func check(
        against type: ActionType, of manifest: Manifest, at path: String, _ problems: inout FixtureProblems
    ) {
        let operations = type.operations.map(\.rawValue).joined(separator: ", ")
        problems.check(
            type.operations.contains(operation), "\(path).operation",
            "is \(operation.rawValue), and \(type.id) serves \(operations)")
        checkConfiguration(against: type, at: "\(path).configuration", &problems)
        checkSlots(of: manifest, at: path, &problems)
        checkArtifacts(against: type, at: path, &problems)
        checkExpectation(at: "\(path).expect", &problems)
        checkTraits(against: type, of: manifest, at: "\(path).traits", &problems)
    }

    private func checkConfiguration(against type: ActionType, at path: String, _ problems: inout FixtureProblems) {
        let names = type.configurationProperties.map(\.name)
        for key in configuration.keys.sorted() where !names.contains(key) {
            problems.add("\(path).\(key)", "is no property of \(type.id)\(suggestion(for: key, in: names))")
        }
        // A notification is about no action, so nothing of one is required.
        guard operation != .notify, !traits.contains(.badConfiguration) else { return }
        for property in type.configurationProperties where property.required && !property.secret {
            problems.check(
                configuration[property.name]?.isEmpty == false, "\(path).\(property.name)",
                "is required by the manifest: no host sends a job without it")
        }
    }

    /// `{hostPath:NAME}` stands for the place of a slot that the manifest asks for.
    private func checkSlots(of manifest: Manifest, at path: String, _ problems: inout FixtureProblems) {
        let slots = manifest.permissions.hostPaths.map(\.name)
        let values: [(String, JSON?)] = [
            ("configuration", .strings(configuration)), ("providerSettings", providerSettings), ("event", event),
            ("action", action.map { .strings($0.commands + $0.environmentVariables.map(\.value)) }),
        ]
        for (member, value) in values {
            for part in (value?.text ?? "").split(separator: "{hostPath:", omittingEmptySubsequences: false).dropFirst()
            {
                let name = String(part.prefix { $0 != "}" })
                problems.check(
                    slots.contains(name), "\(path).\(member)",
                    "has {hostPath:\(name)}, and permissions.hostPaths has no such slot\(suggestion(for: name, in: slots))"
                )
            }
        }
    }

    private func checkArtifacts(against type: ActionType, at path: String, _ problems: inout FixtureProblems) {
        for name in expect.outputArtifacts.keys.sorted() where !outputArtifacts.contains(name) {
            problems.add("\(path).expect.outputArtifacts.\(name)", "is not among the case's outputArtifacts")
        }
        let isRun = operation == .run
        for (member, found, allowed) in [
            ("inputArtifacts", inputArtifacts.count, isRun ? type.inputArtifacts : 0...0),
            ("outputArtifacts", outputArtifacts.count, isRun ? type.outputArtifacts : 0...0),
        ] {
            problems.check(
                allowed.contains(found), "\(path).\(member)",
                "has \(found), and the manifest allows \(allowed.lowerBound) to \(allowed.upperBound)"
                    + (isRun ? "" : " for \(operation.rawValue)"))
        }
    }

    private func checkExpectation(at path: String, _ problems: inout FixtureProblems) {
        problems.check(
            expect.failureType == nil || expect.status == .failed, "\(path).failureType",
            "stands beside the status \(expect.status.rawValue): only Failed has one")
    }

    private func checkTraits(
        against type: ActionType, of manifest: Manifest, at path: String, _ problems: inout FixtureProblems
    ) {
        func demand(_ trait: Trait, _ holds: Bool, _ what: String) {
            problems.check(!traits.contains(trait) || holds, path, "has \(trait.rawValue), which needs \(what)")
        }
        demand(.succeeds, expect.status == .succeeded, "the expected status Succeeded")
        demand(.fails, expect.status == .failed, "the expected status Failed")
        demand(.badConfiguration, expect.status == .failed, "the expected status Failed")
        demand(.producesArtifact, !outputArtifacts.isEmpty, "outputArtifacts")
        demand(.continues, manifest.run.continuations, "run.continuations in the manifest")
        demand(
            .usesSecret,
            providerSettings?.namesSecret == true || type.configurationProperties.contains(where: \.secret)
                || action?.environmentVariables.contains { $0.type == "SECRETS_MANAGER" } == true,
            "a secret property in the manifest, {\"secret\": NAME} in providerSettings, or a variable SECRETS_MANAGER")
    }
}
