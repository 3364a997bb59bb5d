import ArgumentParser
import Definitions
import Jansson
import Pipelines

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Says everything that is wrong with pipeline definitions.")

    @Argument(help: "Definitions, JSON or YAML.")
    var files: [String]

    @OptionGroup var common: CommonOptions

    func validate() throws { for file in files { try refuseEmpty(file, "the name of a definition") } }

    func run() async throws {
        let catalogue = try Wiring(common).actionTypes
        var exit = Exit.yes
        for file in files {
            do {
                let findings = try DefinitionFile.load(file, catalogue: catalogue).findings
                report(file, findings)
                if !findings.isEmpty, exit == .yes { exit = .no }
            } catch {
                reportUnreadable(file, error)
                exit = .usage
            }
        }
        throw Answer(exit)
    }

    private func report(_ file: String, _ findings: [Finding]) {
        switch common.format {
        case .json:
            let list = findings.map { finding -> JSON in
                ["path": .string(finding.path), "rule": .string(finding.rule), "message": .string(finding.message)]
            }
            print(
                JSON.object(["file": .string(file), "valid": .bool(findings.isEmpty), "findings": .array(list)]).text)
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
