import Definitions
import Jansson
import Pipelines
import Testing

/// Real templates, found in public repositories.
struct TemplateCorpusTests {
    @Test(.enabled(if: corpus != nil || isContinuousIntegration, "PENSTOCK_CORPUS names no corpus"))
    func `Each template of the corpus has its recorded verdict, pipeline by pipeline`() throws {
        let folder = "\(try #require(corpus, "CI needs PENSTOCK_CORPUS"))/cloudformation"
        let files = try fileNames(in: folder)
        #expect(files == verdicts.keys.sorted())
        for file in files { #expect(verdict(of: "\(folder)/\(file)") == verdicts[file], "\(file)") }
    }

    @Test(.enabled(if: corpus != nil || isContinuousIntegration, "PENSTOCK_CORPUS names no corpus"))
    func `What is imported of the corpus is read again as the same pipeline`() throws {
        let folder = "\(try #require(corpus, "CI needs PENSTOCK_CORPUS"))/cloudformation"
        for file in verdicts.keys {
            for definition in try DefinitionFile.loadAll("\(folder)/\(file)") {
                let text = JSON.object(["pipeline": definition.document]).serialized
                let again = try DefinitionFile.parse(text, file: "imported.json")
                #expect(again.pipeline == definition.pipeline, "\(file)")
            }
        }
    }

    @Test(.enabled(if: corpus != nil || isContinuousIntegration, "PENSTOCK_CORPUS names no corpus"))
    func `Each template of the corpus has the same verdict where AWS is to take it`() throws {
        let folder = "\(try #require(corpus, "CI needs PENSTOCK_CORPUS"))/cloudformation"
        for file in verdicts.keys {
            let path = "\(folder)/\(file)"
            #expect(verdict(of: path, catalogue: .aws.strict) == verdicts[file], "\(file)")
        }
    }

    /// A line for each pipeline: logical id, what is unknown, the findings.
    private func verdict(of path: String, catalogue: ActionTypeCatalogue = .aws) -> [String] {
        do throws(DocumentError) {
            return try DefinitionFile.loadAll(path, catalogue: catalogue).map { file in
                let id = file.origin?.logicalID ?? ""
                let unmet = file.origin?.unmetCondition.map { ", unless \($0)" } ?? ""
                let findings = file.findings.map {
                    "; \($0.rule) \($0.path.replacing("Resources.\(id).Properties.", with: ""))"
                }
                return "\(id) \(file.origin?.placeholders.count ?? 0) unknown\(unmet)\(findings.joined())"
            }
        } catch {
            return ["\(error.line.map { "line \($0): " } ?? "")\(error.problem)"]
        }
    }
}

private let verdicts: [String: [String]] = [
    "005.yml": ["PublishPipeline 6 unknown"],
    "006.yml": ["Pipeline 5 unknown"],
    "007.template": ["CodePipeline 13 unknown"],
    "008.template": ["CodePipeline 15 unknown"],
    "009.yml": ["CodePipeline 15 unknown"],
    "014.json": ["Pipeline 5 unknown"],
    "015.yaml": ["Pipeline 5 unknown"],
    // Made to be wrong: a name of nothing, a source after the first stage, a role without an account.
    "016.yaml": [
        "TestPipeline 0 unknown; STR-14 Stages[1].Actions[0].Name; "
            + "STR-5 Stages[1].Actions[0].ActionTypeId.Category; STR-12 RoleArn"
    ],
    "017.yaml": ["TestPipeline 2 unknown"],
    "018.json": ["Pipeline 4 unknown"],
    "019.yaml": ["Pipeline 4 unknown"],
    "024.yml": ["ReleasePipeline 6 unknown"],
    "025.yaml": ["PetStoreAPIPipeline 6 unknown"],
    "026.yaml": ["MultiRegionPipeline 12 unknown"],
    // The category is a parameter without a value, and no other word than the right one fits.
    "027.yml": [
        "WindowsContainerPipeline 4 unknown; ACT-1 Stages[1].Actions[0].ActionTypeId.Category; "
            + "ACT-2 Stages[1].Actions[0].ActionTypeId"
    ],
    "028.yaml": ["Pipeline 7 unknown"],
    "029.yaml": ["CodePipelineCodeCommit 3 unknown"],
    "030.yaml": ["CodePipeline 2 unknown"],
    "031.yaml": ["Pipeline 5 unknown"],
    "032.yaml": ["CodePipelinePipeline 3 unknown"],
    // Has a key twice in one object of a policy. A custom type that nobody declares, and an empty branch.
    "035.yaml": [
        "Pipeline 6 unknown; STR-2 Stages[0].Actions[0].Configuration.Branch; ACT-2 Stages[0].Actions[0].ActionTypeId"
    ],
    "038.yaml": ["Pipeline 3 unknown"],
    "039.yaml": ["Pipeline 3 unknown"],
    "045.yaml": ["Pipeline 5 unknown"],
    "046.yaml": ["Pipeline 6 unknown"],
    "051.yaml": ["rAppPipeline 10 unknown"],
    // A placeholder of the project's own.
    "052.yaml": ["ModelDeployPipeline 7 unknown; STR-12 RoleArn"],
    "053.yaml": ["ModelDeployPipeline 7 unknown"],
    "054.yaml": ["ModelTrainCodePipeline 9 unknown"],
    "055.yaml": ["ModelReleaseCodePipeline 7 unknown"],
    "056.yaml": ["ModelBuildPipeline 5 unknown", "ModelDeployPipeline 8 unknown"],
    "057.yml": ["Pipeline 7 unknown"],
    "058.yml": ["CodePipelineCodeCommit 6 unknown, unless IsCodeCommit", "CodePipelineGitHub 8 unknown"],
    "059.yml": ["CodePipelineCodeCommit 5 unknown, unless IsCodeCommit", "CodePipelineGitHub 7 unknown"],
    "062.json": ["CodePipelineStack 3 unknown"],
    "063.json": ["CodePipelineStack 4 unknown"],
    "064.json": ["Pipeline 11 unknown"],
    "065.yml": ["CodePipeline 4 unknown"],
    "066.yml": ["CodePipeline 5 unknown"],
    "067.yaml": ["Pipeline 3 unknown"],
    "068.yaml": ["Pipeline 8 unknown"],
    "081.yml": ["CodePipeline 9 unknown"],
    "082.yaml": ["CodePipeline 7 unknown"],
    "094.yml": ["Pipeline 8 unknown"],
    "095.yml": ["Pipeline 3 unknown"],
    "098.yml": ["Pipeline 10 unknown"],
    "099.yml": ["Pipeline 6 unknown"],
    "103.yaml": ["CodePipeline 7 unknown"],
    "104.yml": ["Pipeline 9 unknown"],
    "105.yml": ["Pipeline 11 unknown"],
    "106.yml": ["EmergencyPipeline 9 unknown", "Pipeline 16 unknown"],
    "114.yaml": ["AppPipeline 11 unknown"],
    "120.yml": ["CodePipelineStack 4 unknown"],
    "121.yml": ["Pipeline 4 unknown"],
    "122.yml": ["MyPipeline 6 unknown"],
    "123.yml": ["CodePipelineStack 3 unknown"],
    "124.yml": ["CodePipelineStack 6 unknown"],
    // Its token is empty unless it is given.
    "125.yml": ["Pipeline 13 unknown; ACT-5 Stages[0].Actions[0].Configuration.Fn::If[2].Fn::If[1].OAuthToken"],
]
