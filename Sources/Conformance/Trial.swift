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
        if let obstacle = findings.first(where: { ["MAN-07", "MAN-11"].contains($0.rule) }) {
            // A program that is not there breaks one rule, and not all of them.
            for rule in dynamic {
                unjudged[rule] = "the plugin cannot be started: \(obstacle.evidence) (\(obstacle.rule))"
            }
        } else if let manifest = folder.manifest, !dynamic.isEmpty {
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
            (flaky, recordings) = (outcome.flaky, outcome.recordings)
            unjudged = outcome.unjudged.merging(unshown(plan.map(\.rule), manifest)) { first, _ in first }
        }
        let rules = scope.judged(folder, by: findings, flaky: flaky).map { judged in
            guard judged.status == .pass, let reason = unjudged[judged.rule.id] else { return judged }
            return ConformanceResult.Judged(judged.rule, .notTestable, reason: reason)
        }
        return Outcome(rules: rules.map(withoutSecrets), recordings: recordings)
    }

    /// Rules that only cases show which need the network that is not given.
    private func unshown(_ rules: [Rule], _ manifest: Manifest) -> [String: String] {
        var reasons: [String: String] = [:]
        for rule in rules {
            guard case .notTestable(let reason) = Applicability(of: rule, to: manifest, runnable),
                Applicability(of: rule, to: folder) == .judge
            else { continue }
            reasons[rule.id] = "\(reason) and does not need the network; give --network to run those that do"
        }
        return reasons
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

    private var core: Set<String> {
        Set(scope.requirements.rules.filter { $0.profile == .core && $0.keyword.isBinding }.map(\.id))
    }

    private var runnable: [Fixture] { scope.fixtures(of: folder).filter { network || !$0.needsNetwork } }
}
