import Jansson
import Testing

@testable import PluginProtocol

private let good = #"""
    {
      "manifestVersion": 1, "name": "acme-deploy", "version": "1.2.0", "description": "d", "homepage": "h",
      "license": "MIT", "protocol": ["penstock/1"], "x-note": true,
      "actionTypes": [{
        "category": "Deploy", "provider": "AcmeDeploy", "version": "1", "operations": ["run"],
        "settings": {"entityUrlTemplate": "https://acme/{Config:Project}",
                     "executionUrlTemplate": "https://acme/runs/{ExternalExecutionId}"},
        "configurationProperties": [
          {"name": "Project", "required": true, "key": true, "secret": false, "queryable": true, "type": "String"},
          {"name": "Token", "required": true, "key": false, "secret": true, "type": "String", "description": "t"},
          {"name": "Count", "required": false, "key": false, "secret": false, "type": "Number"}],
        "inputArtifactDetails": {"minimumCount": 1, "maximumCount": 1},
        "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 5},
        "providerSettings": {"collection": "projects", "key": "{Project}",
                             "entry": [{"name": "url", "required": true, "description": "where"}, {"name": "at"}]}
      }],
      "run": {
        "command": ["bin/plugin", "--serve"], "lifecycle": "oneShot", "maxConcurrentJobs": 1, "timeoutSeconds": 3600,
        "heartbeatSeconds": null, "cancelGraceSeconds": 10, "continuations": false, "reproducible": false, "cache": true,
        "build": null, "requires": ["jq", "git"], "platforms": ["linux/amd64"]
      },
      "permissions": {"network": true, "environment": ["AWS_PROFILE"],
        "hostPaths": [{"name": "target", "mode": "rw", "description": "releases", "required": false}]},
      "conformance": "conformance/cases.json"
    }
    """#

private func violations(_ old: String, _ new: String) -> [RuleViolation] {
    let text = good.replacing(old, with: new)
    do {
        _ = try Manifest(parsing: Array(text.utf8))
        return []
    } catch {
        return error.violations
    }
}

private func properties(_ count: Int) -> String {
    #"{"name": "Count", "type": "Number"},"# + (3..<count).map { #"{"name": "P\#($0)"}"# }.joined(separator: ",")
}

@Suite("A manifest")
struct ManifestTests {
    @Test("is read with all its members")
    func reads() throws {
        let manifest = try Manifest(parsing: Array(good.utf8))
        #expect(manifest.name == "acme-deploy")
        #expect(manifest.run.command == ["bin/plugin", "--serve"])
        #expect(manifest.run.requires == ["jq", "git"])
        #expect(manifest.run.heartbeatSeconds == nil)
        #expect(manifest.permissions.network)
        #expect(
            manifest.permissions.hostPaths == [
                .init(name: "target", mode: .readWrite, description: "releases", required: false)
            ])
        let type = try #require(manifest.actionTypes.first)
        #expect(type.id.description == "Deploy/Custom/AcmeDeploy/1")
        #expect(type.operations == [.run])
        #expect(type.inputArtifacts == 1...1)
        #expect(type.outputArtifacts == 0...5)
        #expect(type.configurationProperties.map(\.name) == ["Project", "Token", "Count"])
        #expect(type.configurationProperties.map(\.secret) == [false, true, false])
        #expect(type.providerSettings?.key(in: ["Project": "shop"]) == "shop")
        #expect(
            type.providerSettings?.entry == [
                .init(name: "url", required: true, description: "where"),
                .init(name: "at", required: false, description: ""),
            ])
        #expect(manifest.run.cache)
    }

    @Test("needs little")
    func minimal() throws {
        let text = #"""
            {"manifestVersion":1,"name":"m","version":"1","protocol":["penstock/1"],
             "actionTypes":[{"category":"Source","owner":"AWS","provider":"S3","version":"1"}],
             "run":{"command":["run.sh"]}}
            """#
        let manifest = try Manifest(parsing: Array(text.utf8))
        #expect(manifest.permissions == Manifest.Permissions())
        #expect(manifest.run.timeoutSeconds == 3600)
        #expect(manifest.actionTypes[0].id.owner == "AWS")
        #expect(manifest.actionTypes[0].inputArtifacts == 0...0)
    }

    @Test(
        "that breaks a rule is refused, by the rule's id and the place",
        arguments: [
            ("MAN-01", "", #""x-note": true,"#, #""x-note": true,,"#),
            ("MAN-01", "", #""manifestVersion": 1"#, #""manifestVersion": 1, "manifestVersion": 1"#),
            ("MAN-01", "manifestVersion", #""manifestVersion": 1"#, #""manifestVersion": 2"#),
            ("MAN-01", "manifestVersion", #""manifestVersion": 1,"#, ""),
            ("MAN-01", "name", #""name": "acme-deploy""#, #""name": "acme deploy""#),
            ("MAN-01", "name", #""name": "acme-deploy""#, #""name": 7"#),
            ("MAN-01", "run.timeoutSeconds", "3600", "43201"), ("MAN-01", "run.lifecycle", "oneShot", "daemon"),
            ("MAN-01", "run.heartbeatSeconds", #""heartbeatSeconds": null"#, #""heartbeatSeconds": 4"#),
            ("MAN-01", "run.requires[1]", #""git""#, #""/usr/bin/git""#),
            ("MAN-01", "actionTypes[0].operations[0]", #""operations": ["run"]"#, #""operations": ["jump"]"#),
            ("MAN-01", "permissions.environment[0]", "AWS_PROFILE", "AWS-PROFILE"),
            ("MAN-01", "permissions.hostPaths[0].mode", #""rw""#, #""rwx""#),
            ("MAN-02", "actionTypes[0].configurationPropertys", "configurationProperties", "configurationPropertys"),
            ("MAN-02", "comand", #""x-note": true"#, #""comand": []"#),
            ("MAN-02", "run.heartbeat", #""heartbeatSeconds": null"#, #""heartbeat": 5"#),
            ("MAN-02", "permissions.hostPaths[0].path", #""mode": "rw""#, #""mode": "rw", "path": "/""#),
            ("MAN-02", "actionTypes[0].settings.url", "executionUrlTemplate", "url"),
            (
                "MAN-02", "actionTypes[0].inputArtifactDetails.min", #""minimumCount": 1"#,
                #""minimumCount": 1, "min": 1"#
            ),
            ("MAN-02", "actionTypes[0].configurationProperties[0].noEcho", #""key": true"#, #""noEcho": true"#),
            ("MAN-03", "actionTypes[0].category", #""Deploy""#, #""Deployment""#),
            ("MAN-03", "actionTypes[0].version", #""version": "1","#, #""version": "1.0.0-beta.1","#),
            ("MAN-03", "actionTypes[0].provider", #""AcmeDeploy""#, #""Acme Deploy""#),
            ("MAN-03", "actionTypes[0].owner", #""category""#, #""owner": "Me", "category""#),
            ("MAN-04", "actionTypes[0].configurationProperties[2].type", #""Number""#, #""Int""#),
            ("MAN-04", "actionTypes[0].configurationProperties[2].name", #""Count""#, #""Token""#),
            ("MAN-04", "actionTypes[0].configurationProperties[2].name", #""name": "Count","#, ""),
            (
                "MAN-05", "actionTypes[0].configurationProperties[1].queryable", #""secret": true"#,
                #""secret": true, "queryable": true"#
            ),
            ("MAN-06", "actionTypes[0].inputArtifactDetails", #""minimumCount": 1"#, #""minimumCount": 2"#),
            (
                "MAN-06", "actionTypes[0].outputArtifactDetails.maximumCount", #""maximumCount": 5"#,
                #""maximumCount": 6"#
            ),
            ("MAN-07", "run.command[0]", "bin/plugin", "../../bin/sh"),
            ("MAN-07", "run.command[0]", "bin/plugin", "/bin/sh"),
            ("MAN-07", "run.command", #"["bin/plugin", "--serve"]"#, "[]"),
            ("MAN-08", "protocol", "penstock/1", "penstock/99"), ("MAN-08", "protocol", #"["penstock/1"]"#, "[]"),
            ("MAN-09", "actionTypes[0].settings.entityUrlTemplate", "{Config:Project}", "{Config:Token}"),
            ("MAN-09", "actionTypes[0].settings.entityUrlTemplate", "{Config:Project}", "{Config:Count}"),
            ("MAN-09", "actionTypes[0].providerSettings.key", #""key": "{Project}""#, #""key": "{Owner}/{Project}""#),
            ("MAN-01", "actionTypes[0].providerSettings.entry[1].name", #"{"name": "at"}"#, "{}"),
            ("MAN-02", "actionTypes[0].providerSettings.entry[1].type", #""name": "at""#, #""name": "at", "type": 1"#),
            ("MAN-01", "run.cache", #""cache": true"#, #""cache": "yes""#),
        ])
    func refusals(rule: String, path: String, old: String, new: String) {
        #expect(good.contains(old))
        let found = violations(old, new)
        #expect(found.contains { $0.rule == rule && $0.path == path }, "\(found)")
    }

    @Test("tells all that is wrong at once, with a near name for a misspelt key")
    func all() {
        let found = violations(#""lifecycle": "oneShot""#, #""lifecycel": "oneShot", "timeoutSecond": "x""#)
        #expect(
            found.map(\.description) == [
                "run.lifecycel is not a known key; did you mean \"lifecycle\"? (MAN-02)",
                "run.timeoutSecond is not a known key; did you mean \"timeoutSeconds\"? (MAN-02)",
            ])
    }

    @Test("of a custom type has at most 10 properties, of another 50 (MAN-04)")
    func propertyCount() {
        let last = #"{"name": "Count", "required": false, "key": false, "secret": false, "type": "Number"}"#
        #expect(violations(last, properties(10)).isEmpty)
        #expect(violations(last, properties(11)).map(\.rule).contains("MAN-04"))
        let aws = good.replacing(#""category""#, with: #""owner": "AWS", "category""#)
        #expect(throws: Never.self) { try Manifest(parsing: Array(aws.replacing(last, with: properties(50)).utf8)) }
        #expect(throws: InvalidManifest.self) {
            try Manifest(parsing: Array(aws.replacing(last, with: properties(51)).utf8))
        }
    }

    @Test("serves a type once (MAN-03)")
    func duplicateType() {
        let type = #"{"category": "Test", "provider": "T", "version": "1"}"#
        #expect(
            violations(#""actionTypes": ["#, #""actionTypes": [\#(type), \#(type), "#).map(\.description) == [
                "actionTypes[1] declares Test/Custom/T/1 a second time (MAN-03)"
            ])
    }
}
