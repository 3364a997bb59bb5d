import Definitions
import Glibc
import Pipelines
import Testing

/// Real definitions, found in public repositories; `PENSTOCK_CORPUS` names the folder that has them.
struct CorpusTests {
    @Test(.enabled(if: corpus != nil || isContinuousIntegration, "PENSTOCK_CORPUS names no corpus"))
    func `Each definition of the corpus has its recorded verdict`() throws {
        let folder = "\(try #require(corpus, "CI needs PENSTOCK_CORPUS"))/pipeline-json"
        let files = try fileNames(in: folder, suffix: ".json")
        #expect(files == verdicts.keys.sorted())
        for file in files {
            let findings = try DefinitionFile.load("\(folder)/\(file)").findings
            #expect(findings.map { "\($0.rule) \($0.path)" } == verdicts[file], "\(file): \(findings)")
        }
    }

    @Test(.enabled(if: corpus != nil || isContinuousIntegration, "PENSTOCK_CORPUS names no corpus"))
    func `Each valid definition of the corpus is one that AWS takes`() throws {
        let folder = "\(try #require(corpus, "CI needs PENSTOCK_CORPUS"))/pipeline-json"
        for (file, verdict) in verdicts where verdict.isEmpty {
            #expect(try DefinitionFile.load("\(folder)/\(file)", catalogue: .aws.strict).findings == [], "\(file)")
        }
    }
}

let corpus = variable("PENSTOCK_CORPUS")
let isContinuousIntegration = variable("CI") == "true"

private func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

func fileNames(in folder: String, suffix: String = "") throws -> [String] {
    let directory = try #require(opendir(folder), "\(folder) cannot be listed")
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name.hasSuffix(suffix), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

/// `RULE path` of each finding; an empty list is a valid definition. Judged against the types of AWS alone.
private let verdicts: [String: [String]] = [
    "001.json": [],
    "010.json": [],
    "011.json": [],
    // A template with <PLACEHOLDERS>, and a custom action type that nobody has installed here.
    "012.json": [
        "STR-1 artifactStore.location", "STR-2 name", "STR-12 roleArn", "ACT-2 stages[2].actions[0].actionTypeId",
    ],
    // A template with <PLACEHOLDERS>.
    "013.json": ["STR-1 artifactStore.location", "STR-2 name", "STR-12 roleArn"],
    "014.json": [],
    "015.json": [],
    "017.json": [],
    // A placeholder for the role, and a CodeDeploy action without configuration.
    "018.json": [
        "STR-12 roleArn", "ACT-5 stages[1].actions[0].configuration.ApplicationName",
        "ACT-5 stages[1].actions[0].configuration.DeploymentGroupName",
    ],
    "020.json": [],
    "021.json": [],
    "022.json": [],
    "023.json": [],
    "024.json": [],
    "025.json": [],
    "028.json": [],
    "029.json": [],
    "030.json": [],
    // A region stands inside artifactStore.
    "032.json": ["STR-1 artifactStore.region"],
    "033.json": [],
    "034.json": [],
    "035.json": [],
    // No action is connected to any other.
    "036.json": [
        "ACT-10 stages[0].actions[0].outputArtifacts", "ACT-10 stages[1].actions[0].inputArtifacts",
        "ACT-10 stages[2].actions[0].inputArtifacts",
    ],
    "037.json": [],
    "039.json": [],
    "040.json": [],
    "041.json": [],
]
