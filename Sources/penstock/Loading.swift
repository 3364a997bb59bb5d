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
    ///   - runsRules: whether the rules of conditions are run; else they are findings.
    ///   - needsPlugins: whether an action or rule type that no installed plugin serves is a finding.
    /// - Throws: all findings, as the answer of the command.
    func loadFaultless(
        _ path: String, _ installation: Installation, refusal: Exit = .no, isReplaced: (ActionPlace) -> Bool,
        runsRules: Bool = true, needsPlugins: Bool = false, check: (Pipeline) throws -> Void = { _ in }
    ) throws -> DefinitionFile {
        let file = try load(path, catalogue: installation.actionTypes)
        let replaced = Set(file.pipeline.typePaths.filter { isReplaced($0.place) }.map { file.place(of: $0.path) })
        let findings = file.findings.filter { $0.rule != "ACT-2" || !replaced.contains($0.path) }
        let said = Set(findings.map(\.path))
        let more =
            (runsRules ? [] : file.rules)
            + (needsPlugins ? file.missingPlugins(installation.catalogue) : [])
        let all = findings + more.filter { !said.contains($0.path) && !replaced.contains($0.path) }
        if all.allSatisfy({ $0.rule == "ACT-2" }) { try check(file.pipeline) }
        guard all.isEmpty else {
            // A plugin that is missed may be one whose manifest cannot be read.
            let isMissed = all.contains { $0.rule == "ACT-2" || $0.rule == "CND-3" }
            let problems = isMissed ? installation.catalogue.problems.map(\.description) : []
            throw Answer(refusal, (all.map { "\(path): \($0)" } + problems).joined(separator: "\npenstock: "))
        }
        return file
    }
}

extension DefinitionFile {
    fileprivate func missingPlugins(_ catalogue: PluginCatalogue) -> [Finding] {
        missingRulePlugins(catalogue) + missingActionPlugins(catalogue)
    }

    private func missingActionPlugins(_ catalogue: PluginCatalogue) -> [Finding] {
        pipeline.typePaths.compactMap { action, path in
            let id = ActionTypeIdentifier(action.action.type)
            guard action.action.type != .manualApproval, catalogue.plugin(for: id) == nil else { return nil }
            return Finding(path: place(of: path), rule: "ACT-2", message: catalogue.explanation(of: id))
        }
    }

    private func missingRulePlugins(_ catalogue: PluginCatalogue) -> [Finding] {
        pipeline.ruleTypes.compactMap { rule, path in
            let id = ActionTypeIdentifier(rule.type)
            guard catalogue.plugin(for: id) == nil else { return nil }
            return Finding(path: place(of: path), rule: "CND-3", message: catalogue.explanation(of: id))
        }
    }

    /// No stub stands in for a rule, and what ignored it would say that a stage goes through which would not.
    fileprivate var rules: [Finding] {
        pipeline.ruleTypes.map { rule, path in
            Finding(
                path: place(of: path), rule: "CND-3",
                message: "nothing can stand in for the rule \(rule.name) of a condition: remove it for the scenarios")
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

    /// Each rule of a condition with the place of its type in the definition.
    fileprivate var ruleTypes: [(rule: Rule, path: String)] {
        stages.enumerated().flatMap { index, stage in
            [("beforeEntry", stage.beforeEntry), ("onSuccess", stage.onSuccess), ("onFailure", stage.onFailure)].flatMap
            {
                name, guarded in
                (guarded?.conditions ?? []).enumerated().flatMap { position, condition in
                    condition.rules.enumerated().map {
                        ($1, "stages[\(index)].\(name).conditions[\(position)].rules[\($0)].ruleTypeId")
                    }
                }
            }
        }
    }

    /// The places in the definition, each with its dot, of the actions for which something stands in.
    func replacedPaths(_ isReplaced: (ActionPlace) -> Bool) -> [String] {
        typePaths.filter { isReplaced($0.place) }.map { String($0.path.dropLast("actionTypeId".count)) }
    }
}
