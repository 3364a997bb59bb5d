import PluginProtocol

/// What a plugin must declare for a rule to be about it.
enum Capability {
    case always, worker, concurrentJobs, continuations, inputs, outputs, artifacts, reproducible, heartbeat, longWork
    case secrets, obtainedSecrets

    init(of rule: Rule) {
        switch rule.id {
        case "WRK-03": self = .concurrentJobs
        case "LIF-04", "CAN-04", "CAN-05": self = .worker
        case "ART-02": self = .inputs
        case "ART-04", "ART-06": self = .artifacts
        case "ART-07": self = .always
        case "ART-08": self = .reproducible
        case "PRG-01", "PRG-02": self = .always
        case "PRG-03": self = .heartbeat
        case "PRG-04", "FRM-10": self = .longWork
        case "SEC-06": self = .obtainedSecrets
        case "SEC-07": self = .always
        default:
            switch rule.profile {
            case .worker: self = .worker
            case .continuation: self = .continuations
            case .artifacts: self = .outputs
            case .secrets: self = .secrets
            case .manifest, .core, .logs, .progress, .cancel: self = .always
            }
        }
    }

    /// Why a plugin lacks it; nil when it has it.
    func lack(in manifest: Manifest, _ fixtures: [Fixture]) -> String? {
        func unless(_ holds: Bool, _ reason: String) -> String? { holds ? nil : reason }
        func takes(_ counts: KeyPath<ActionType, ClosedRange<Int>>) -> Bool {
            manifest.actionTypes.contains { $0[keyPath: counts].upperBound > 0 }
        }
        func shown(_ trait: Fixture.Trait) -> Bool { fixtures.contains { $0.traits.contains(trait) } }
        let run = manifest.run
        switch self {
        case .always: return nil
        case .worker: return unless(run.lifecycle == .worker, "run.lifecycle is not worker")
        case .concurrentJobs:
            return unless(
                run.lifecycle == .worker && run.maxConcurrentJobs > 1, "no worker with maxConcurrentJobs above 1")
        case .continuations: return unless(run.continuations, "run.continuations is not declared")
        case .inputs: return unless(takes(\.inputArtifacts), "no action type has input artifacts")
        case .outputs: return unless(takes(\.outputArtifacts), "no action type has output artifacts")
        case .artifacts:
            return unless(takes(\.inputArtifacts) || takes(\.outputArtifacts), "no action type has artifacts")
        case .reproducible: return unless(run.reproducible, "run.reproducible is not declared")
        case .heartbeat: return unless(run.heartbeatSeconds != nil, "run.heartbeatSeconds is not declared")
        case .longWork:
            return unless(
                run.heartbeatSeconds != nil || shown(.longRunning),
                "no run.heartbeatSeconds and no case with the trait longRunning")
        case .secrets:
            let declares = manifest.actionTypes.contains { $0.configurationProperties.contains(where: \.secret) }
            return unless(
                declares || shown(.usesSecret) || shown(.obtainsSecret), "no action type has a secret property")
        case .obtainedSecrets: return unless(shown(.obtainsSecret), "no case has the trait obtainsSecret")
        }
    }
}

/// Which cases a rule is seen in.
enum Showing {
    /// It is seen without any job.
    case none
    case anyCase
    /// `[Fixture].primary`, or a case with this trait.
    case primary(or: Fixture.Trait? = nil)
    case anyOf([Fixture.Trait])
    case inputs
    case artifacts

    init(of rule: Rule) {
        switch (rule.check, rule.id) {
        case (_, "ART-02"): self = .inputs
        case (_, "ART-04"): self = .artifacts
        case (_, "ART-01"), (_, "ART-03"), (_, "ART-05"), ("again", _): self = .anyOf([.producesArtifact])
        case (_, "RES-06"), (_, "RES-09"), (_, "RES-13"), (_, "LOG-03"): self = .anyOf([.fails])
        case (_, "RES-05"), (_, "RES-07"), (_, "RES-08"): self = .anyOf([.succeeds])
        case (_, "SEC-01"), (_, "SEC-02"), (_, "SEC-03"), (_, "SEC-05"): self = .anyOf([.usesSecret, .obtainsSecret])
        case ("secrets", _): self = .anyOf([.usesSecret])
        case ("obtains", _): self = .anyOf([.obtainsSecret])
        case ("cancel", _), ("worker-cancel", _): self = .primary(or: .longRunning)
        case ("moved", _): self = .primary(or: .producesArtifact)
        case ("long", _), (_, "WRK-03"): self = .anyOf([.longRunning])
        case ("chain", _), ("unknown-token", _), (_, "CNT-01"), (_, "CNT-02"): self = .anyOf([.continues])
        case ("manifest", _), ("late-job", _), ("no-job", _), ("garbage", _), ("terminal", _): self = .none
        case ("every run", _), ("fixtures", _): self = .anyCase
        default: self = .primary()
        }
    }

    /// What is missing; nil when the cases show it.
    func lack(in fixtures: [Fixture]) -> String? {
        switch self {
        case .none: return nil
        case .anyCase: return fixtures.isEmpty ? "there is no case" : nil
        case .primary(let trait):
            let reason = "no case has the trait succeeds without longRunning and continues"
            return fixtures.primary ?? trait.flatMap(fixtures.first(with:)) == nil ? reason : nil
        case .anyOf(let traits):
            let isShown = fixtures.contains { !$0.traits.isDisjoint(with: traits) }
            return isShown ? nil : "no case has the trait \(traits.map(\.rawValue).joined(separator: " or "))"
        case .inputs: return fixtures.contains { !$0.inputArtifacts.isEmpty } ? nil : "no case has inputArtifacts"
        case .artifacts:
            let isShown = fixtures.contains {
                $0.expect.status == .succeeded && !($0.inputArtifacts.isEmpty && $0.outputArtifacts.isEmpty)
            }
            return isShown ? nil : "no case that succeeds has artifacts"
        }
    }
}

extension [Fixture] {
    /// The first that succeeds at once: what most probes run. One of the operation run, if there is one.
    public var primary: Fixture? {
        let quick = filter {
            $0.expect.status == .succeeded && $0.traits.contains(.succeeds)
                && $0.traits.isDisjoint(with: [.longRunning, .continues])
        }
        return quick.first { $0.operation == .run } ?? quick.first
    }

    public func first(with trait: Fixture.Trait) -> Fixture? { first { $0.traits.contains(trait) } }
}
