import Glibc
import Jansson
import PluginHost
import PluginProtocol
import Testing

@testable import Authoring

@Suite("What may be granted")
struct GrantRequestTests {
    private let place: Place
    private let manifest: Manifest

    init() throws {
        place = try Place()
        try place.makePlugin(
            "oven",
            permissions: [
                "network": true, "environment": ["HOME_REGION", "TOKEN"],
                "hostPaths": [
                    ["name": "flour", "mode": "ro"], ["name": "bread", "mode": "rw", "required": false],
                ],
            ])
        manifest = PluginCatalogue(searching: [place.plugins]).plugins[0].manifest
        try place.shell("mkdir -p state/logs open config; ln -s state link; touch config/settings.json")
    }

    private func granted(_ request: GrantRequest, having grants: Grants = Grants()) throws(TrustError) -> Grants {
        try request.granted(
            to: manifest, having: grants, shipped: false,
            protecting: [
                ProtectedPlace("\(place.path)/state", "the state directory"),
                ProtectedPlace("\(place.plugins)/oven", "the plugin itself"),
                ProtectedPlace("\(place.path)/config/settings.json", "the settings file", onlyFromWriters: true),
            ])
    }

    private func request(
        network: Bool = false, _ environment: [String] = [], paths: [String: [String]] = [:], all: Bool = false
    ) -> GrantRequest {
        var request = GrantRequest()
        (request.network, request.environment, request.hostPaths, request.all) = (network, environment, paths, all)
        return request
    }

    @Test("is what the manifest asks for, beside what is granted already")
    func granting() throws {
        let paths = ["flour": ["/usr", "/etc"]]
        let before = Grants(environment: ["OTHER"], hostPaths: ["flour": ["/etc"], "old": ["/opt"]])
        let after = try granted(request(network: true, ["TOKEN"], paths: paths), having: before)
        #expect(
            after
                == Grants(
                    network: true, environment: ["OTHER", "TOKEN"],
                    hostPaths: ["flour": ["/etc", "/usr"], "old": ["/opt"]]))
        let all = try granted(request(paths: ["flour": ["/usr"]], all: true))
        #expect(
            all == Grants(network: true, environment: ["HOME_REGION", "TOKEN"], hostPaths: ["flour": ["/usr"]]))
        #expect(try granted(request(all: true), having: before).environment.contains("TOKEN"))
    }

    @Test("is refused with what is near when nobody asks for it, and when a slot lacks its path")
    func refusals() throws {
        func message(_ request: GrantRequest) -> String? {
            do throws(TrustError) {
                _ = try granted(request)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(
            message(request(["HOME_REGIO"]))
                == "--environment HOME_REGIO: plugin oven does not ask for it; did you mean \"HOME_REGION\"?")
        #expect(
            message(request(["PATH"]))
                == "--environment PATH: plugin oven does not ask for it; it asks for HOME_REGION, TOKEN")
        #expect(
            message(request(paths: ["flower": ["/usr"]]))
                == "--host-path flower: plugin oven does not ask for it; did you mean \"flour\"?")
        #expect(
            message(request(all: true))
                == "plugin oven: --all needs to know the paths; add --host-path flour=/PATH/FOR/flour")
    }

    @Test("is no path that lays open more than it should")
    func paths() throws {
        let site = place.path
        let cases: [(String, String)] = [
            ("usr", "the path must be absolute"), ("/", "the whole machine cannot be granted"),
            ("/usr/..", "the whole machine cannot be granted"),
            ("\(site)/none", "cannot be granted: No such file or directory"),
            ("\(site)/state", "it holds the state directory, \(site)/state"),
            ("\(site)/link", "it holds the state directory, \(site)/state"),
            ("\(site)/state/logs", "it lies in the state directory, \(site)/state"),
            (site, "it holds the state directory, \(site)/state"),
            (place.plugins, "it holds the plugin itself, \(place.plugins)/oven"),
        ]
        for (path, problem) in cases {
            let error = #expect(throws: TrustError.self) { try granted(request(paths: ["flour": [path]])) }
            #expect(error?.description.hasSuffix(problem) == true, "\(path): \(error?.description ?? "")")
        }
        _ = try granted(request(paths: ["flour": ["\(site)/config", "\(site)/open"]]))
        let writable = #expect(throws: TrustError.self) { try granted(request(paths: ["bread": ["\(site)/config"]])) }
        #expect(writable?.description.contains("it holds the settings file") == true)
    }

    @Test("is taken away by kind, by name, by path or all at once, asked for or not")
    func revoking() {
        let before = Grants(
            network: true, environment: ["A", "OLD"], hostPaths: ["flour": ["/a", "/b"], "old": ["/c"]])
        #expect(request(network: true, ["OLD"]).revoked(from: before).environment == ["A"])
        #expect(!request(network: true).revoked(from: before).network)
        #expect(
            request(paths: ["flour": ["/a"], "old": []]).revoked(from: before).hostPaths == ["flour": ["/b"]])
        #expect(request(all: true).revoked(from: before) == Grants())
    }
}

@Suite("Grants in a settings file")
struct GrantEditTests {
    /// Reads JSON, and of YAML what these tests write, by Python's reader.
    private func parse(_ text: String) throws -> JSON {
        let place = try Place()
        try place.write(text, to: "text")
        let said = try place.shell("python3 -c 'import json, yaml; print(json.dumps(yaml.safe_load(open(\"text\"))))'")
        return try JSON(parsing: said)
    }

    private let oven = GrantEdit(
        of: "oven", Grants(network: true, environment: ["B", "A"], hostPaths: ["flour": ["/a b"], "x": ["/1", "/2"]]))
    private let entry =
        #"oven: {environment: ["A", "B"], hostPaths: {flour: "/a b", x: ["/1", "/2"]}, network: true}"#

    @Test("JSON is written anew, with all else as it was")
    func json() throws {
        let old =
            #"{"S3": {"buckets": {"b": {"n": 0.1}}}, "grants": {"git": {"network": true}, "oven": {"network": true}}}"#
        let text = try #require(try oven.text(from: old, parse: parse))
        let new = try JSON(parsing: text)
        #expect(new["S3"] == (try JSON(parsing: old))["S3"] && new["grants"]?["git"] == ["network": true])
        #expect(new["grants"]?["oven"]?["hostPaths"] == ["flour": "/a b", "x": ["/1", "/2"]])
        #expect(text.hasSuffix("}\n"))
        let none = try #require(try GrantEdit(of: "oven", Grants()).text(from: old, parse: parse))
        #expect(try JSON(parsing: none)["grants"] == ["git": ["network": true]])
    }

    @Test(
        "of YAML only the lines about the plugin are touched",
        arguments: [
            ("a: 1 # one", "a: 1 # one\ngrants:\n  ENTRY\n"),
            ("# all\na: 1\n", "# all\na: 1\ngrants:\n  ENTRY\n"),
            (
                "grants:\n    git: {network: true} # why\na: 1\n",
                "grants:\n    ENTRY\n    git: {network: true} # why\na: 1\n"
            ),
            (
                "grants: # ours\n\n  # git\n  git:\n    network: true\n",
                "grants: # ours\n  ENTRY\n\n  # git\n  git:\n    network: true\n"
            ),
            ("grants:\n  oven: {network: true}\n  git: {}\n", "grants:\n  ENTRY\n  git: {}\n"),
            (
                "grants:\n  oven:\n    network: false\n    environment:\n    - A\n\n  git: {}\n",
                "grants:\n  ENTRY\n\n  git: {}\n"
            ),
            ("grants: {git: {network: true}}\na: 1\n", "grants: {git: {network: true}, ENTRY}\na: 1\n"),
        ])
    func yaml(old: String, new: String) throws {
        let text = try oven.text(from: old, parse: parse)
        #expect(text == new.replacing("ENTRY", with: entry))
    }

    @Test(
        "what cannot be changed without a person is left alone",
        arguments: [
            "grants:\n  oven:\n    network: true # not for long\n", "grants: {\n  git: {network: true}\n}\n",
            "? grants\n: {git: {}}\n", "grants: &g {git: {network: true}}\nother: *g\n",
            "grants: {git: {network: true}} # why\n",
        ])
    func uncertain(old: String) throws {
        #expect(try oven.text(from: old, parse: parse) == nil)
        #expect(oven.line == "grants: {\(entry)}")
    }

    @Test("a revoked plugin's lines go, and with the last the key")
    func revoked() throws {
        let none = GrantEdit(of: "oven", Grants())
        #expect(
            try none.text(from: "a: 1\ngrants:\n  oven: {network: true}\n  # git\n  git: {}\n", parse: parse)
                == "a: 1\ngrants:\n  # git\n  git: {}\n")
        #expect(try none.text(from: "a: 1\ngrants:\n  oven: {network: true}\n", parse: parse) == "a: 1\n")
    }

    @Test("a file that is not there is made for its owner alone; one that is keeps its mode, and a link stays one")
    func files() throws {
        let place = try Place()
        let path = "\(place.path)/deep/er/settings.json"
        #expect(try SettingsFile(path).make(oven, parse: parse))
        #expect(mode(of: path) == S_IFREG | 0o600)
        #expect(try JSON(parsing: try #require(place.text("deep/er/settings.json")))["grants"]?["oven"] != nil)

        try place.write("a: 1\n", to: "real.yaml", mode: 0o640)
        try place.shell("ln -s real.yaml settings.yaml")
        #expect(try SettingsFile("\(place.path)/settings.yaml").make(oven, parse: parse))
        #expect(mode(of: "\(place.path)/real.yaml") == S_IFREG | 0o640)
        #expect(mode(of: "\(place.path)/settings.yaml").map { $0 & S_IFMT } == S_IFLNK)
        #expect(place.names("") == ["deep", "plugins", "real.yaml", "settings.yaml"])

        try place.write("grants: &g {}\nb: *g\n", to: "real.yaml")
        #expect(try !SettingsFile("\(place.path)/real.yaml").make(oven, parse: parse))
        #expect(place.text("real.yaml") == "grants: &g {}\nb: *g\n")
    }
}
