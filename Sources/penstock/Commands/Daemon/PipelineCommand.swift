import ArgumentParser
import Definitions
import Engine
import Jansson
import Pipelines

struct PipelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline", abstract: "The pipelines that the daemon has.",
        subcommands: [Put.self, Get.self, List.self, Delete.self])

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Creates or updates a pipeline by its definition; a new one is started at once.")
        @Argument(help: "A pipeline definition or a CloudFormation template; JSON or YAML.")
        var definition: String
        @OptionGroup var choice: TemplateOptions
        @OptionGroup var plugins: PluginOptions
        @OptionGroup var daemon: DaemonOptions

        func validate() throws { try refuseEmpty(definition, "the name of a definition") }

        func run() async throws {
            let file = try choice.loadFaultless(
                definition, Installation(plugins), isReplaced: { _ in false }, runsRules: true)
            for transition in file.origin?.disabledTransitions ?? [] {
                complain(
                    "\(definition): disables the transition into \(transition.stage); that takes `penstock transition disable`"
                )
            }
            let pipeline = file.pipeline
            let operation = try await operation(for: pipeline)
            guard let operation else {
                print("\(pipeline.name) has this definition already")
                return try await startIfNew(pipeline.name)
            }
            try await daemon.tell(operation, ["pipeline": pipeline.json]) { answer in
                guard case .integer(let version)? = answer["pipeline"]?["version"] else { return nil }
                return "\(pipeline.name) version \(version)"
            }
        }

        /// A daemon that was killed in the middle of CreatePipeline has not started it.
        private func startIfNew(_ name: String) async throws {
            let page: [String: JSON?] = ["pipelineName": .string(name), "maxResults": 1]
            let executions = try await daemon.call("ListPipelineExecutions", page)
            guard executions.list("pipelineExecutionSummaries").isEmpty else { return }
            _ = try await daemon.call("StartPipelineExecution", ["name": .string(name)])
        }

        /// Nil when there is nothing to do.
        private func operation(for pipeline: Pipeline) async throws -> String? {
            let stored: JSON
            do {
                stored = try await daemon.call("GetPipeline", ["name": .string(pipeline.name)])
            } catch let answer as Answer where answer.exit == .no {
                return "CreatePipeline"
            }
            guard case .object(var members)? = stored["pipeline"] else { return "UpdatePipeline" }
            members["version"] = nil
            var ours = pipeline
            ours.pipelineType = pipeline.effectiveType
            return JSON.object(members) == ours.json ? nil : "UpdatePipeline"
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the definition of a pipeline.")
        @Argument(help: "The pipeline.")
        var pipeline: String
        @Option(help: "Which version; without it the newest.")
        var version: Int?
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let input: [String: JSON?] = [
                "name": .string(pipeline), "version": version.map { .integer(Int64($0)) },
            ]
            try await daemon.tell("GetPipeline", input) { answer in
                answer["pipeline"].map { JSON.object(["pipeline": $0]).prettyPrinted }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the pipelines.")
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            var token: JSON?
            repeat {
                let answer = try await daemon.call("ListPipelines", ["nextToken": token])
                token = answer["nextToken"]
                for pipeline in answer.list("pipelines") {
                    guard daemon.format == .human else {
                        print(pipeline.text)
                        continue
                    }
                    guard case .integer(let version)? = pipeline["version"] else { continue }
                    print("\(pipeline.text("name"))  version \(version)  \(pipeline.text("executionMode"))")
                }
            } while token != nil
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes a pipeline with its history; what runs is abandoned.")
        @Argument(help: "The pipeline.")
        var pipeline: String
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            try await daemon.tell("DeletePipeline", ["name": .string(pipeline)]) { _ in nil }
        }
    }
}
