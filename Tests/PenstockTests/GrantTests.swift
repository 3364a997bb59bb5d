import Glibc
import Jansson
import Testing

@Suite("penstock plugin grant")
struct GrantTests {
    private let site: Site

    init() throws {
        site = try Site()
        try site.install(
            "oven", types: [BadInputTests.type], script: "#!/bin/sh\n",
            permissions: [
                "network": true, "environment": ["HEAT"],
                "hostPaths": [["name": "flour", "mode": "ro"], ["name": "bread", "mode": "rw", "required": false]],
            ])
    }

    private func grant(_ words: String...) async throws -> Outcome {
        try await site.start(["plugin", "grant", "oven"] + words).outcome()
    }

    @Test("without options shows what is asked for, what is there and the command for the rest")
    func shows() async throws {
        let nothing = try await grant()
        #expect(
            nothing.code == 1
                && nothing.text == """
                    oven asks for
                      the network: not granted
                      the environment variable HEAT: not granted
                      a path of this machine for "flour" (ro): not granted
                      a path of this machine for "bread" (rw, optional): not granted
                    to grant what is missing:
                    penstock plugin grant oven --network --environment HEAT --host-path flour=/PATH/FOR/flour \
                    --plugins \(site.plugins) --settings \(site.place("settings.yaml"))
                    """,
            "\(nothing)")
        let all = try await grant("--all", "--host-path", "flour=\(site.signs)")
        #expect(all.code == 0 && all.output.first == "\(site.place("settings.yaml")) is changed", "\(all)")
        let shown = try await grant()
        #expect(shown.code == 0 && shown.text.contains("\"flour\" (ro): granted: \(site.signs)"), "\(shown)")
        let again = try await grant("--network")
        #expect(again.code == 0 && again.text.contains("nothing to change: oven has all that"))
        let plain = try await site.penstock("plugin", "grant", "git")
        #expect(
            plain.code == 0 && plain.text.contains("the network: granted, because it came with Penstock"), "\(plain)")
    }

    @Test("takes away what was granted, also of a plugin that is gone")
    func revokes() async throws {
        _ = try await grant("--all", "--host-path", "flour=\(site.signs)")
        let less = try await grant("--revoke", "--network", "--host-path", "flour")
        #expect(less.code == 0 && less.text.contains("the network: not granted"), "\(less)")
        #expect(less.text.contains("--network --host-path flour=/PATH/FOR/flour --plugins"))
        _ = try await site.launch(["/bin/rm", "-r", "\(site.plugins)/oven"]).outcome()
        let gone = try await grant("--revoke", "--all")
        #expect(gone.code == 0 && contents(site.place("settings.yaml"))?.contains("oven") == false, "\(gone)")
        #expect(try await grant("--revoke", "--all").code == 2)
        #expect(try await site.penstock("plugin", "grant", "peek", "--revoke").errorText.contains("--revoke: say what"))
    }

    @Test(
        "what cannot be granted is refused in a line, and nothing is changed",
        arguments: [
            (["--environment", "HEAD"], "--environment HEAD: plugin oven does not ask for it; did you mean \"HEAT\"?"),
            (["--host-path", "flour"], "--host-path flour: must be SLOT=PATH"),
            (["--host-path", "flour=signs"], "--host-path flour=signs: the path must be absolute"),
            (["--host-path", "flour=/"], "--host-path flour=/: the whole machine cannot be granted"),
            (["--host-path", "flour=SITE"], "--host-path flour=SITE: it holds the plugin itself, SITE/plugins/oven"),
            (
                ["--host-path", "bread=SITE/settings.yaml"],
                "--host-path bread=SITE/settings.yaml: it holds the settings file"
            ),
            (["--all"], "plugin oven: --all needs to know the paths; add --host-path flour=/PATH/FOR/flour"),
        ])
    func refused(words: [String], message: String) async throws {
        let before = contents(site.place("settings.yaml"))
        let words = words.map { $0.replacing("SITE", with: site.path) }
        let outcome = try await site.start(["plugin", "grant", "oven"] + words).outcome()
        #expect(outcome.code == 2 && outcome.errors.count == 1, "\(outcome)")
        #expect(outcome.errorText.hasPrefix("penstock: \(message.replacing("SITE", with: site.path))"), "\(outcome)")
        #expect(contents(site.place("settings.yaml")) == before)
    }

    @Test("settings that cannot be changed without losing something are left alone, with the line to add")
    func uncertain() async throws {
        let text = "grants: { # ours\n  peek: {}\n}\n"
        try site.write(text, to: "settings.yaml")
        let outcome = try await grant("--network")
        #expect(outcome.code == 1 && outcome.errorText.hasSuffix("grants: {oven: {network: true}}"), "\(outcome)")
        #expect(contents(site.place("settings.yaml")) == text)
        try site.write("# mine\nS3: {}\n", to: "settings.yaml")
        #expect(try await grant("--network").code == 0)
        #expect(contents(site.place("settings.yaml")) == "# mine\nS3: {}\ngrants:\n  oven: {network: true}\n")
    }

    @Test("where there are no settings they are made, for their owner alone")
    func made() async throws {
        // Root's own place is the machine's.
        let user = Site.isRoot ? ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] : []
        try site.makeFolder(site.place("home"))
        if Site.isRoot { try #require(chown(site.place("home"), 65534, 65534) == 0) }
        let words = [
            "/usr/bin/env", "HOME=\(site.place("home"))", "\(Site.programs)/penstock", "plugin", "grant", "oven",
            "--network", "--plugins", site.plugins,
        ]
        let outcome = try await site.launch(user + words).outcome()
        let file = site.place("home/.config/penstock/settings.yaml")
        #expect(outcome.code == 0 && outcome.text.contains("\(file) is changed"), "\(outcome)")
        #expect(!outcome.text.contains("--settings"), "it is found without being named")
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(contents(file) == "grants:\n  oven: {network: true}\n")
    }

    @Test("a file that is named and not there, or empty, is made", arguments: ["new.yaml", "new.json", "empty.yaml"])
    func named(file: String) async throws {
        if file.hasPrefix("empty") { try site.write("", to: file) }
        let words = ["\(Site.programs)/penstock", "plugin", "grant", "oven", "--network"]
        let outcome = try await site.launch(words + ["--plugins", site.plugins, "--settings", file]).outcome()
        #expect(outcome.code == 0 && outcome.text.contains("\(file) is changed"), "\(outcome)")
        let text = try #require(contents(site.place(file)))
        if file.hasSuffix("json") {
            #expect(try JSON(parsing: text) == ["grants": ["oven": ["network": true]]])
        } else {
            #expect(text == "grants:\n  oven: {network: true}\n")
        }
    }
}
