import ArgumentParser
import Conformance
import Definitions
import Glibc
import Jansson
import PluginProtocol
import Processes

/// What a plugin that is tried gets of this machine and of whoever tries it.
struct SurroundingOptions: ParsableArguments {
    @Flag(help: "Lets cases that need the network have it.")
    var network = false

    @Option(
        help: ArgumentHelp(
            "Variables of yours that the plugin gets, of those that its manifest asks for; none if absent.",
            valueName: "name,…"))
    var environment: [String] = []

    @Option(help: ArgumentHelp("Values for secret properties, by name; made up if absent.", valueName: "file"))
    var secrets: String?

    @OptionGroup var pace: PaceOptions

    func validate() throws { try refuseEmpty(secrets, "--secrets") }

    /// As somebody types it again.
    var asWords: [String] {
        (network ? ["--network"] : []) + environment.flatMap { ["--environment", shellWord($0)] }
            + (secrets.map { ["--secrets", shellWord($0)] } ?? [])
            + (pace.scale == 1 ? [] : ["--time-scale", "\(pace.scale)"])
    }

    /// The variables that are granted, with their values.
    /// - Throws: also for one that the plugin does not ask for, or that is not set.
    func granted(to folder: PluginFolder) throws -> [String: String] {
        let asked = folder.manifest?.permissions.environment ?? []
        var values: [String: String] = [:]
        for name in words(environment) {
            guard asked.contains(name) else {
                let near = nearest(to: name, in: asked).map { "; did you mean \"\($0)\"?" } ?? ""
                throw Answer(.usage, "--environment \(name): permissions.environment does not ask for it\(near)")
            }
            guard let value = getenv(name) else { throw Answer(.usage, "--environment \(name): it is not set here") }
            values[name] = String(cString: value)
        }
        let lacking = asked.filter { values[$0] == nil }
        if !lacking.isEmpty {
            complain("not given to the plugin: \(lacking.joined(separator: ", ")) (see --environment)")
        }
        return values
    }

    /// Values of secret properties by name; empty when no file is named.
    /// - Throws: also for a name that is no secret property of the plugin.
    func secretValues(for folder: PluginFolder) throws -> [String: String] {
        guard let secrets else { return [:] }
        let values: [String: String]
        do {
            values = try JSONReader(try readDocument(at: secrets)).stringMembers()
        } catch let error as JSONTypeError {
            throw Answer(.usage, "\(secrets): \(error)")
        }
        let properties =
            folder.manifest?.actionTypes.flatMap(\.configurationProperties).filter(\.secret).map(\.name) ?? []
        for name in values.keys.sorted() where !properties.contains(name) {
            let near = nearest(to: name, in: properties).map { "; did you mean \"\($0)\"?" } ?? ""
            throw Answer(.usage, "\(secrets): \(name) is no secret property of \(folder.name)\(near)")
        }
        return values
    }
}
