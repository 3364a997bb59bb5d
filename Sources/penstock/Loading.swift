import Definitions
import Pipelines
import PluginHost
import PluginProtocol
import Runner
import Scenarios

/// The pipeline of a definition, when nothing speaks against going on with it.
///
/// - Parameters:
///   - isReplaced: of an action for which something stands in; its type may be one that nothing here serves.
///   - check: refuses what does not fit a pipeline that can be read; the findings may come from that.
///   - needsPlugins: whether an action type that no installed plugin serves is a finding.
/// - Throws: all findings, as the answer of the command.
func loadPipeline(
    _ path: String, _ installation: Installation, refusal: Exit = .no, isReplaced: (ActionPlace) -> Bool,
    needsPlugins: Bool = false, check: (Pipeline) throws -> Void = { _ in }
) throws -> Pipeline {
    let file = try DefinitionFile.load(path, catalogue: installation.actionTypes)
    let replaced = Set(file.pipeline.typePaths.filter { isReplaced($0.place) }.map(\.path))
    let findings = file.findings.filter { $0.rule != "ACT-2" || !replaced.contains($0.path) }
    let said = Set(findings.map(\.path))
    let more =
        file.pipeline.conditionFindings + (needsPlugins ? missingPlugins(file.pipeline, installation.catalogue) : [])
    let all = findings + more.filter { !said.contains($0.path) && !replaced.contains($0.path) }
    if all.allSatisfy({ $0.rule == "ACT-2" }) { try check(file.pipeline) }
    guard all.isEmpty else {
        // A plugin that is missed may be one whose manifest cannot be read.
        let isMissed = all.contains { $0.rule == "ACT-2" }
        let problems = isMissed ? installation.catalogue.problems.map(\.description) : []
        throw Answer(refusal, (all.map { "\(path): \($0)" } + problems).joined(separator: "\npenstock: "))
    }
    return file.pipeline
}

private func missingPlugins(_ pipeline: Pipeline, _ catalogue: PluginCatalogue) -> [Finding] {
    pipeline.typePaths.compactMap { place, path in
        let id = ActionTypeIdentifier(place.action.type)
        guard place.action.type != .manualApproval, catalogue.plugin(for: id) == nil else { return nil }
        return Finding(path: path, rule: "ACT-2", message: catalogue.explanation(of: id))
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

    /// Conditions are not run, and what ignored them would say that a stage goes through which would not.
    fileprivate var conditionFindings: [Finding] {
        stages.enumerated().compactMap { index, stage in
            guard stage.beforeEntry != nil || stage.onSuccess != nil || stage.onFailure != nil else { return nil }
            return Finding(
                path: "stages[\(index)]", rule: "CND-1",
                message: "stage \(stage.name) has conditions, which this version does not run: remove them")
        }
    }
}
