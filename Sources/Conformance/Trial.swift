import Glibc
import PluginProtocol
import Workspaces

/// One judgement of one plugin: what its files show, and what it does when it is run.
public struct Trial: Sendable {
    public let folder: PluginFolder
    public let scope: Scope
    /// Path of `penstock-sandbox`.
    public let launcher: String
    /// Whether fixtures that need it have the machine's network.
    public var network = false
    /// Variables that the plugin gets if its manifest asks for them.
    public var environment: [String: String] = [:]
    /// Configuration key to the value of a secret, where it is not made up.
    public var secrets: [String: String] = [:]
    /// By which every limit of time is multiplied.
    public var scale = 1.0
    public var seed: UInt64 = 1

    public init(of folder: PluginFolder, _ scope: Scope, launcher: String) {
        self.folder = folder
        self.scope = scope
        self.launcher = launcher
    }

    /// What came of it.
    public struct Outcome: Sendable {
        public let rules: [ConformanceResult.Judged]
        /// Every process of the plugin, in the order of their ends.
        public let recordings: [Recording]
    }

    /// - Throws: `KitFault` when the kit cannot do its work, which says nothing of the plugin.
    public func outcome() async throws -> Outcome {
        let plan = scope.plan(for: folder)
        var findings = folder.manifestFindings()
        var recordings: [Recording] = []
        var flaky: Set<String> = []
        var unjudged: [String: String] = [:]
        let dynamic = plan.filter { $0.applicability == .judge && $0.rule.profile != .manifest }.map(\.rule.id)
        if let manifest = folder.manifest, !dynamic.isEmpty, isRunnable(findings) {
            var setting = Bench.Setting(
                manifest: manifest, fixtures: runnable, directory: folder.directory, launcher: launcher)
            (setting.network, setting.secrets, setting.scale, setting.seed) = (network, secrets, scale, seed)
            setting.environment = environment
            var judge = Judge(rules: Set(dynamic))
            if judge.rules.contains("WRK-04") { judge.demandedOneShot = core }
            let outcome: Judge.Outcome
            do {
                outcome = try await judge.judge(setting)
            } catch let error as WorkspaceError {
                // It is about folders of the kit's own.
                throw KitFault(error.message)
            }
            findings += outcome.findings
            (flaky, unjudged, recordings) = (outcome.flaky, outcome.unjudged, outcome.recordings)
        }
        for id in dynamic {
            guard let reason = impediment(of: scope.requirements[id]!, findings) else { continue }
            unjudged[id] = reason
        }
        let rules = scope.judged(folder, by: findings, flaky: flaky).map { judged in
            guard judged.status == .pass, let reason = unjudged[judged.rule.id] else { return judged }
            return ConformanceResult.Judged(judged.rule, .notTestable, reason: reason)
        }
        return Outcome(rules: rules.map(withoutSecrets), recordings: recordings)
    }

    /// Evidence quotes what the plugin wrote, which may hold a secret that is a real one.
    private func withoutSecrets(_ judged: ConformanceResult.Judged) -> ConformanceResult.Judged {
        let real = secrets.map { Secret($0.key, $0.value) }
        let findings = judged.findings.map { finding in
            var evidence = Array(finding.evidence.utf8)
            for form in real.flatMap(\.forms) { evidence.replace(form.bytes, with: Array("****".utf8)) }
            return Finding(
                finding.rule, fixture: finding.fixture, probe: finding.probe,
                evidence: String(decoding: evidence, as: UTF8.self), hint: finding.hint)
        }
        return ConformanceResult.Judged(
            judged.rule, judged.status, reason: judged.reason, isFlaky: judged.isFlaky, findings: findings)
    }

    /// Why a rule that the cases show was not judged after all; nil where it was.
    private func impediment(of rule: Rule, _ findings: [Finding]) -> String? {
        if folder.manifest == nil || !isRunnable(findings) {
            return "the plugin cannot be run (\(Set(findings.map(\.rule)).sorted().joined(separator: ", ")))"
        }
        let left = scope.fixtures(of: folder).filter { !runnable.contains($0) }.map(\.name)
        guard !left.isEmpty, rule.id == "RES-11" || Showing(of: rule).lack(in: runnable) != nil else { return nil }
        return "cases that need the network are run with --network only: \(left.joined(separator: ", "))"
    }

    /// A program that is not there breaks one rule, and not all of them.
    private func isRunnable(_ findings: [Finding]) -> Bool {
        !findings.contains { ["MAN-07", "MAN-11"].contains($0.rule) }
    }

    private var core: Set<String> {
        Set(scope.requirements.rules.filter { $0.profile == .core && $0.keyword.isBinding }.map(\.id))
    }

    private var runnable: [Fixture] { scope.fixtures(of: folder).filter { network || !$0.needsNetwork } }
}
