import Engine
import Jansson
import Pipelines
import Store

/// An action of an execution as a person names it, with the jobs that were asked for.
struct RecordedAction {
    let execution: Execution
    let stage: String
    let action: Action
    let jobs: [RecordedJob]
    /// Its newest admission; nil when it never was admitted.
    let admitted: ActionExecution?

    var name: String { "\(stage)/\(action.name)" }

    /// - Parameters:
    ///   - id: of the execution, or its first characters.
    ///   - name: `Stage/Action`, or the action's name where it is the only one.
    init(_ name: String, of id: String, in store: Store) async throws {
        execution = try await store.find(id).execution
        (stage, action) = try execution.pipeline.action(named: name)
        let place = PlacedAction.Place(stage: stage, condition: nil, name: action.name)
        let journal = try await store.facts(of: execution.id)
        jobs = try Execution.jobs(of: execution.declaration, journal: journal).filter {
            $0.dispatch.attempt.place == place
        }
        admitted = try await store.actions(of: execution.id).last {
            $0.place == place
        }?.execution
    }

    /// - Throws: when nothing of it ever ran in a plugin, with why.
    func requirePlugin() throws {
        func refuse(_ why: String) -> Answer { Answer(.usage, "\(name): \(why)") }
        if action.type == .manualApproval { throw refuse("is an approval, which no plugin answers") }
        if execution.start.stubs[name] != nil { throw refuse("a stub answered in its place; no plugin ran") }
        guard let job = jobs.last else { throw refuse("has not run in execution \(execution.id)") }
        if let directory = job.dispatch.sourceDirectory {
            throw refuse("its output was taken from \(directory) (--source); no plugin ran")
        }
    }
}

extension Pipeline {
    fileprivate func action(named name: String) throws -> (stage: String, action: Action) {
        let all = stages.flatMap { stage in stage.actions.map { (stage: stage.name, action: $0) } }
        let found = all.filter { name == "\($0.stage)/\($0.action.name)" || name == $0.action.name }
        if found.count == 1 { return found[0] }
        func names(_ actions: [(stage: String, action: Action)]) -> [String] {
            actions.map { "\($0.stage)/\($0.action.name)" }
        }
        guard found.isEmpty else {
            let list = names(found).joined(separator: ", ")
            throw Answer(.usage, "\(name): several actions are called so: \(list)")
        }
        let near = nearest(to: name, in: names(all) + all.map(\.action.name))
        let hint = near.map { "; did you mean \($0)?" } ?? "; there are \(names(all).joined(separator: ", "))"
        throw Answer(.usage, "\(name): pipeline \(self.name) has no such action\(hint)")
    }
}
