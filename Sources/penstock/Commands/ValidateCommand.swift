import ArgumentParser
import Definitions
import Jansson
import Pipelines

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Says everything that is wrong with pipeline definitions.",
        discussion: """
            Of a CloudFormation template every pipeline is judged, or the one that --logical-id names, with the places \
            of what is wrong in the template.
            """)

    @Argument(help: "Definitions or CloudFormation templates, JSON or YAML.")
    var files: [String]

    @Flag(help: "Refuse what AWS would not take: keys and types of Penstock's own, a role or store that is missing.")
    var strictAws = false

    @OptionGroup var choice: TemplateOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { for file in files { try refuseEmpty(file, "the name of a definition") } }

    func run() async throws {
        let catalogue = strictAws ? ActionTypeCatalogue.aws.strict : try Wiring(common).actionTypes
        var exit = Exit.yes
        for file in files {
            do {
                let findings = try definitions(in: file, catalogue).flatMap(\.findings)
                report(file, findings)
                if !findings.isEmpty, exit == .yes { exit = .no }
            } catch let error as DocumentError {
                reportUnreadable(file, error)
                exit = .usage
            }
        }
        throw Answer(exit)
    }

    private func definitions(in file: String, _ catalogue: ActionTypeCatalogue) throws -> [DefinitionFile] {
        guard choice.logicalID == nil else { return [try choice.load(file, catalogue: catalogue)] }
        return try DefinitionFile.loadAll(file, parameters: try choice.values(), catalogue: catalogue)
    }

    private func report(_ file: String, _ findings: [Finding]) {
        switch common.format {
        case .json:
            let list = JSON.array(findings.map(\.json))
            print(JSON.object(["file": .string(file), "valid": .bool(findings.isEmpty), "findings": list]).text)
        case .human:
            for finding in findings { print("\(file): \(finding)") }
            if findings.isEmpty, !common.quiet { print("\(file): valid") }
        }
    }

    private func reportUnreadable(_ file: String, _ error: DocumentError) {
        switch common.format {
        case .json:
            print(JSON.object(["file": .string(file), "valid": false, "error": .string(error.description)]).text)
        case .human: complain(error.description)
        }
    }
}
