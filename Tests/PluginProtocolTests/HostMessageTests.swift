import Jansson
import PluginProtocol
import Testing

private let minimal = #"""
    {"protocol":"penstock/1","type":"job","jobId":"j","attempt":1,"timeoutSeconds":60,"cancelGraceSeconds":10,
     "workspace":{"root":"/w","tmp":"tmp"},"host":{"name":"core","version":"1"},
     "data":{"actionTypeId":{"category":"Deploy","owner":"Custom","provider":"Acme","version":"1"},
             "pipelineContext":{"pipelineName":"p","stage":{"name":"s"},"action":{"name":"a","actionExecutionId":"e"}}}}
    """#

@Suite("A message of the host")
struct HostMessageTests {
    private var full: Job {
        Job(
            jobId: "j", operation: .check, attempt: 2, timeoutSeconds: 60, cancelGraceSeconds: 5,
            secretConfigurationKeys: ["Token"], workspace: .init(root: "/w", cache: "cache"),
            host: .init(name: "core", version: "1", features: ["mask"]), traceparent: "00-ab-cd-01",
            data: JobData(
                actionTypeId: .init(category: "Source", owner: "AWS", provider: "CodeCommit", version: "1"),
                configuration: ["Token": "s"],
                pipelineContext: .init(
                    pipelineName: "p", pipelineExecutionId: "x", pipelineArn: "arn", stageName: "s", actionName: "a",
                    actionExecutionId: "e"),
                inputArtifacts: [.init(name: "App", revision: "r", path: "in/App")],
                outputArtifacts: [.init(name: "Out", path: "out/Out")], continuationToken: "t", cursor: "c",
                event: ["detail": []],
                action: ComputeAction(
                    commands: ["make"], environmentVariables: [.init(name: "A", value: "b")], outputVariables: ["V"],
                    outputArtifacts: [.init(name: "Out", files: ["**/*"])]),
                providerSettings: ["url": "/srv/git/shop.git"],
                sourceRevision: .init(revisionType: "COMMIT_ID", revisionValue: "abc")))
    }

    @Test("is written and read back with all its members")
    func roundTrip() throws {
        let job = HostMessage.job(full)
        #expect(try HostMessage(JSON(parsing: job.line)) == job)
        let cancel = HostMessage.cancel(Cancel(jobId: "j", reason: .shutdown, graceSeconds: 3))
        #expect(try HostMessage(cancel.json) == cancel)
    }

    @Test("is one line with its line feed, as AWS shapes the body")
    func shape() {
        let line = HostMessage.job(full).line
        #expect(line.firstIndex(of: 10) == line.count - 1)
        let data = HostMessage.job(full).json["data"]
        #expect(data?["actionConfiguration"]?["configuration"]?["Token"] == "s")
        #expect(data?["pipelineContext"]?["action"]?["actionExecutionId"] == "e")
        #expect(
            data?["inputArtifacts"] == [
                ["name": "App", "revision": "r", "location": ["type": "Path", "pathLocation": ["path": "in/App"]]]
            ])
        #expect(data?["sourceRevision"] == ["revisionType": "COMMIT_ID", "revisionValue": "abc"])
    }

    @Test("may be minimal, and may have members that nobody knows (MSG-04, MSG-05)")
    func minimalJob() throws {
        guard case .job(let job) = try HostMessage(JSON(parsing: minimal)) else {
            Issue.record("must be a job")
            return
        }
        #expect(job.operation == .run)
        #expect(job.data.configuration.isEmpty)
        #expect(job.data.action == nil)
        let future = minimal.replacing(#""attempt":1"#, with: #""attempt":1,"future":{"a":1}"#)
        #expect(try HostMessage(JSON(parsing: future)) == .job(job))
    }

    @Test(
        "that breaks a rule is refused by the rule's id",
        arguments: [
            ("MSG-01", #""type":"job""#, #""type":"ping""#), ("MSG-03", #""attempt":1"#, #""attempt":0"#),
            ("MSG-03", #""attempt":1"#, #""attempt":1,"operation":"jump""#), ("MSG-03", #""tmp":"tmp""#, #""x":1"#),
            ("MSG-03", #""category":"Deploy""#, #""category":7"#), ("MSG-03", #""name":"s""#, #""x":"s""#),
            ("MSG-03", "penstock/1", "penstock/2"),
        ])
    func refusals(rule: String, old: String, new: String) throws {
        let json = try JSON(parsing: minimal.replacing(old, with: new))
        #expect(throws: RuleViolation.self) { try HostMessage(json) }
        #expect((#expect(throws: RuleViolation.self) { try HostMessage(json) })?.rule == rule)
    }
}
