import ArgumentParser
import Definitions
import Engine
import Pipelines
import PluginHost
import PluginProtocol
import Runner
import Scenarios

/// Which pipeline of a template is meant, and with what.
struct TemplateOptions: ParsableArguments {
    @Option(
        name: .customLong("logical-id"),
        help: ArgumentHelp("Which pipeline of a template with several.", valueName: "id"))
    var logicalID: String?

    @Option(
        name: .customLong("parameter"),
        help: ArgumentHelp(
            "A value for a template's parameter, or for AWS::Region and its like.", valueName: "name=value"))
    var parameters: [Pair] = []

    func values() throws -> [String: String] { try parameters.values(of: "--parameter") }

    func load(_ path: String, catalogue: ActionTypeCatalogue) throws -> DefinitionFile {
        try DefinitionFile.load(path, logicalID: logicalID, parameters: try values(), catalogue: catalogue)
    }

    /// A definition, when nothing speaks against going on with it.
    ///
    /// - Parameters:
    ///   - isReplaced: of an action for which something stands in; its type may be one that nothing here serves.
    ///   - check: refuses what does not fit a pipeline that can be read; the findings may come from that.
    ///   - refusesFailures: whether the caller lets no action fail where a stage has an `onFailure`.
    ///   - needsPlugins: whether an action type that no installed plugin serves is a finding.
    /// - Throws: all findings, as the answer of the command.
    func loadFaultless(
        _ path: String, _ installation: Installation, refusal: Exit = .no, isReplaced: (ActionPlace) -> Bool,
        refusesFailures: Bool = false, needsPlugins: Bool = false, check: (Pipeline) throws -> Void = { _ in }
    ) throws -> DefinitionFile {
        let file = try load(path, catalogue: installation.actionTypes)
        let replaced = Set(file.pipeline.typePaths.filter { isReplaced($0.place) }.map { file.place(of: $0.path) })
        let findings = file.findings.filter { $0.rule != "ACT-2" || !replaced.contains($0.path) }
        let said = Set(findings.map(\.path))
        let more =
            file.conditionFindings(butOnFailure: refusesFailures)
            + (needsPlugins ? file.missingPlugins(installation.catalogue) : [])
        let all = findings + more.filter { !said.contains($0.path) && !replaced.contains($0.path) }
        if all.allSatisfy({ $0.rule == "ACT-2" }) { try check(file.pipeline) }
        guard all.isEmpty else {
            // A plugin that is missed may be one whose manifest cannot be read.
            let isMissed = all.contains { $0.rule == "ACT-2" }
            let problems = isMissed ? installation.catalogue.problems.map(\.description) : []
            throw Answer(refusal, (all.map { "\(path): \($0)" } + problems).joined(separator: "\npenstock: "))
        }
        return file
    }
}

extension DefinitionFile {
    fileprivate func missingPlugins(_ catalogue: PluginCatalogue) -> [Finding] {
        pipeline.typePaths.compactMap { action, path in
            let id = ActionTypeIdentifier(action.action.type)
            guard action.action.type != .manualApproval, catalogue.plugin(for: id) == nil else { return nil }
            return Finding(path: place(of: path), rule: "ACT-2", message: catalogue.explanation(of: id))
        }
    }

    /// Conditions are not run, and what ignored them would say that a stage goes through which would not.
    fileprivate func conditionFindings(butOnFailure: Bool) -> [Finding] {
        pipeline.stages.enumerated().compactMap { index, stage in
            let counts = stage.onFailure != nil && !butOnFailure
            guard stage.beforeEntry != nil || stage.onSuccess != nil || counts else { return nil }
            return conditionFinding(index)
        }
    }

    private func conditionFinding(_ index: Int) -> Finding {
        let name = pipeline.stages[index].name
        return Finding(
            path: place(of: "stages[\(index)]"), rule: "CND-1",
            message: "stage \(name) has conditions, which this version does not run: remove them")
    }

    /// What follows the failure of a stage is not run. Where something is declared for it, all actions must have stubs
    /// that succeed: then it is what it would be.
    func refuseFailures(_ stubs: [String: Stub], in path: String) throws {
        for (index, stage) in pipeline.stages.enumerated() where stage.onFailure != nil {
            let canFail = stage.actions.filter { stubs["\(stage.name)/\($0.name)"]?.succeeds != true }
            if canFail.isEmpty { continue }
            let names = canFail.map(\.name).joined(separator: ", ")
            throw Answer(
                .no,
                "\(path): \(conditionFinding(index)), or put stubs that succeed in place of \(names)")
        }
    }
}

extension Stub {
    fileprivate var succeeds: Bool {
        switch self {
        case .action(let stub): if case .succeeds = stub.outcome { true } else { false }
        case .approval(.answers(let status, _, _)): status == .approved
        case .approval(.expires): false
        }
    }
}

extension Pipeline {
    /// Each action with the place of its type in the definition.
    fileprivate var typePaths: [(place: ActionPlace, path: String)] {
        stages.enumerated().flatMap { index, stage in
            stage.actions.enumerated().map { position, action in
                (ActionPlace(stage: stage.name, action: action), "stages[\(index)].actions[\(position)].actionTypeId")
            }
        }
    }

    /// The places in the definition, each with its dot, of the actions for which something stands in.
    func replacedPaths(_ isReplaced: (ActionPlace) -> Bool) -> [String] {
        typePaths.filter { isReplaced($0.place) }.map { String($0.path.dropLast("actionTypeId".count)) }
    }
}
