import ArgumentParser
import Authoring
import Conformance
import Glibc
import Jansson
import PluginHost
import PluginProtocol
import Processes

extension PluginCommand {
    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a plugin that runs: a folder NAME, to be changed into your own.",
            discussion: """
                It greets, and shows configuration, artifacts, an output variable, progress, a failure and a cancel. \
                Its cases pass the conformance kit. What is to be compiled is built at once.
                """)

        @Argument(help: "The plugin's name, and that of its folder.") var name: String
        @Option(help: ArgumentHelp("What it is written in: \(Self.languages).", valueName: "language")) var language:
            String
        @Option(
            help: ArgumentHelp("Source, Build, Test, Deploy, Invoke, Approval, Compute or Rule.", valueName: "name"))
        var category = "Build"
        @Option(help: ArgumentHelp("What it serves; made of the name if absent.", valueName: "name")) var provider:
            String?
        @Flag(help: "One process for many jobs (python and go).") var worker = false

        private static let languages = "python, bash, sh, node, perl, ruby, php, lua, c, go, rust, java, swift or exec"

        func run() async throws {
            let plugin: NewPlugin
            do {
                plugin = try NewPlugin(name: name, category: category, provider: provider)
            } catch {
                throw Answer(.usage, "\(error)")
            }
            let template = try template()
            let missing = await template.missingPackages(environment: ownEnvironment())
            guard missing.isEmpty else {
                // What a distribution does not have is named by where it is.
                let pages = missing.filter { $0.hasPrefix("https://") }
                let packages = missing.filter { !pages.contains($0) }
                let ways = (packages.isEmpty ? [] : ["apt-get install \(packages.joined(separator: " "))"]) + pages
                throw Answer(
                    .usage, "\(template.language) is not ready on this machine: \(ways.joined(separator: ", and "))")
            }
            try template.write(plugin, to: name, plugins: Installation.shippedPlugins)
            if try PluginFolder(reading: name).manifest?.run.build != nil { try PluginBuild.run(in: name) }
            print(
                """
                \(name)/ is a plugin in \(template.language), for \(category)/Custom/\(plugin.provider)/1.

                  penstock plugin run \(name)        run one job, and see what is said
                  penstock conformance run \(name)   judge it by every rule
                  penstock plugin watch \(name)      run its cases whenever a file changes
                """)
        }

        private func template() throws -> Template {
            let directory = try Installation.templates()
            let keys = try Template.keys(in: directory)
            let key = worker ? "\(language)-worker" : language
            guard keys.contains(key) else {
                let workers = keys.filter { $0.hasSuffix("-worker") }.map { String($0.dropLast("-worker".count)) }
                if worker, keys.contains(language) {
                    throw Answer(.usage, "--worker: there is a worker in \(workers.joined(separator: " and ")) only")
                }
                let plain = keys.filter { !$0.hasSuffix("-worker") }
                let near = nearest(to: language, in: plain).map { "; did you mean \($0)?" } ?? ""
                throw Answer(
                    .usage,
                    "--language \(language): there is no such template; there are \(plain.joined(separator: ", "))\(near)"
                )
            }
            return try Template(key, in: directory)
        }
    }

    struct Build: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Builds a plugin: runs the `build` of its manifest, as you and without a sandbox.")
        @Argument(help: "The plugin's folder.") var directory: String

        func run() async throws { try PluginBuild.run(in: directory) }
    }
}
