import Jansson
import Testing
import Workspaces

@testable import Runner

@Suite("What jobs may take")
struct LimitPolicyTests {
    @Test("nothing said is nothing changed")
    func unsaid() throws {
        let policy = try LimitPolicy(settings: nil)
        #expect(policy.limits(plugin: "git", pipeline: "shop", stage: "Build", action: "Make") == Limits())
        #expect(policy.limits(ofWorker: "git") == Limits() && !policy.areOfMemory)
    }

    @Test("the narrower word counts: of an action, of the plugin, of all")
    func narrower() throws {
        let policy = try LimitPolicy(settings: [
            "all": ["seconds": 100, "processes": 9, "outputBytes": 1], "plugins": ["git": ["seconds": 50]],
            "actions": [
                "shop/*/*": ["seconds": 40], "shop/Build/Make": ["seconds": 30], "*/Build/Make": ["openFiles": 7],
            ],
        ])
        func limits(_ plugin: String, _ pipeline: String, _ stage: String = "Build") -> Limits {
            policy.limits(plugin: plugin, pipeline: pipeline, stage: stage, action: "Make")
        }
        #expect(limits("s3", "docs", "Test").seconds == 100 && limits("git", "docs").seconds == 50)
        #expect(limits("git", "docs").openFiles == 7 && limits("git", "docs", "Test").openFiles == Limits().openFiles)
        #expect(limits("git", "shop", "Test").seconds == 40 && limits("git", "shop").seconds == 30)
        #expect(limits("git", "shop").processes == 9 && limits("git", "shop").outputBytes == 1)
        #expect(policy.limits(ofWorker: "git").seconds == 50)
    }

    @Test("memory that only one action is limited in is known to be", arguments: ["all", "plugins", "actions"])
    func memory(place: String) throws {
        let words: JSON = ["memoryBytes": 1_000_000]
        let policy = try LimitPolicy(
            settings: place == "all" ? ["all": words] : [place: [place == "actions" ? "a/b/c" : "git": words]])
        #expect(policy.areOfMemory)
    }

    @Test("a word that is none, a value that is none and a place that is none are refused by their path")
    func refused() {
        let cases: [(JSON, String)] = [
            (["all": ["second": 1]], "limits.all.second"), (["all": ["seconds": 0]], "limits.all.seconds"),
            (["all": ["seconds": "1"]], "limits.all.seconds"), (["plugin": [:]], "limits.plugin"),
            (["actions": ["Build/Make": [:]]], "must be PIPELINE/STAGE/ACTION"),
            (["actions": ["a//b": [:]]], "must be PIPELINE/STAGE/ACTION"), (3, "limits"),
        ]
        for (settings, message) in cases {
            let error = #expect(throws: JSONTypeError.self) { try LimitPolicy(settings: settings) }
            #expect(error?.description.contains(message) == true, "\(String(describing: error))")
        }
    }
}
