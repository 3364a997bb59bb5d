import ArgumentParser
import Engine
import Jansson
import Pipelines
import Runner
import Store

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one execution: its actions, revisions, variables and artifacts.",
        discussion: """
            --events lists what happened to it, each with its number. --at shows it as it was then: after the event of a \
            number, or at a time such as 2026-11-23T14:03:07Z; without a zone it is the time here, as it is shown. \
            --timing tells where its time went.
            """)

    @Argument(help: "The execution's id, or its first characters.")
    var execution: String

    @Flag(help: "Where the time went: waiting for what, and in which part of each action.")
    var timing = false

    @Flag(help: "What happened, in order, each with its number and time.")
    var events = false

    @Option(help: ArgumentHelp("As it was at a time, or after the event of that number.", valueName: "time|event"))
    var at: PastMoment?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if timing && events { throw ValidationError("--timing and --events are two views: name one of them") }
    }

    func run() async throws {
        let store = try common.history()
        let execution = try await store.find(self.execution).execution
        let journal = try await store.facts(of: execution.id)
        let count = try at?.count(in: journal, of: execution.id) ?? journal.count
        let past = Array(journal.prefix(count))
        if events {
            common.show(EventList(execution: execution.id, facts: past))
        } else if timing {
            common.show(try await timing(of: execution, past, store))
        } else {
            common.show(try await shown(execution, past, store, of: journal.count))
        }
    }

    private func shown(
        _ execution: Execution, _ past: [Fact], _ store: Store, of count: Int
    ) async throws -> ShownExecution {
        guard let at else {
            let actions = try await store.actions(of: execution.id).map {
                ShownExecution.Row(
                    placed: PlacedAction(place: $0.place, execution: $0.execution), isCurrent: $0.isCurrent)
            }
            return ShownExecution(execution: execution, actions: actions, at: now(), common: common)
        }
        let then = try recollection(of: execution, past)
        let actions = then.actions.map { ShownExecution.Row(placed: $0, isCurrent: then.isCurrent($0)) }
        var shown = ShownExecution(
            execution: then.execution, actions: actions, at: at.instant(after: past), common: common)
        shown.event = (past.count, count)
        return shown
    }

    private func timing(of execution: Execution, _ past: [Fact], _ store: Store) async throws -> ShownTiming {
        let then = at == nil ? execution : try recollection(of: execution, past).execution
        let end = at?.instant(after: past) ?? now()
        var held: Int64 = 0
        // Why somebody waits who waits still, only the pipeline's transitions tell.
        if at == nil, let awaited = execution.awaitedStage {
            let stage = execution.pipeline.stages[awaited].name
            let gates = try await store.gates(
                of: execution.pipeline.name, version: execution.start.pipelineVersion)
            held = gates[stage]?.waiting.first { $0.execution == execution.id }?.held(at: end) ?? 0
        }
        do {
            let timing = try Timing(
                of: execution.declaration, journal: past, until: end, heldMilliseconds: held)
            guard let timing else { throw untellable(execution, "it does not begin with a start") }
            return ShownTiming(execution: then, timing: timing)
        } catch let rejection as Rejection {
            throw untellable(execution, "\(rejection)")
        }
    }

    private func recollection(of execution: Execution, _ past: [Fact]) throws -> Recollection {
        do {
            guard let then = try Execution.recollection(of: past, execution.declaration) else {
                throw untellable(execution, "it does not begin with a start")
            }
            return then
        } catch let rejection as Rejection {
            throw untellable(execution, "\(rejection)")
        }
    }

    private func untellable(_ execution: Execution, _ why: String) -> Answer {
        Answer(.fault, "the journal of execution \(execution.id) cannot be told again: \(why)")
    }
}

/// Something that `show` prints.
protocol Shown {
    /// Without the last line feed, and fit for a terminal.
    var human: String { get }
    var json: JSON { get }
}

extension CommonOptions {
    func show(_ view: some Shown) {
        switch format {
        case .json: print(view.json.text)
        case .human: print(view.human)
        }
    }
}
