import Glibc
import Jansson
import Testing

@Suite("Installing plugins")
struct InstallTests {
    private static let type: JSON = [
        "category": "Build", "provider": "Oven", "version": "1",
        "inputArtifactDetails": ["minimumCount": 0, "maximumCount": 0],
        "outputArtifactDetails": ["minimumCount": 0, "maximumCount": 0],
    ]
    private static let usesOven = pipeline(source, Stage("Build", action("Bake", type: "Build/Custom/Oven")))
    private static let script = """
        #!/bin/sh
        job=$(cat); [ -n "$job" ] || exit 0
        echo "baked on $(cat /proc/net/dev | wc -l) lines" >&2
        printf '{"protocol":"penstock/1","type":"jobSuccessResult","jobId":%s}\\n' "$(echo "$job" | jq .jobId)"
        """

    /// A plugin beside the directory of plugins, to be installed.
    private func oven(
        _ site: Site, permissions: JSON = [:], run: [String: JSON] = [:], script: String = script
    ) async throws {
        try site.install("oven", types: [Self.type], script: script, permissions: permissions, run: run)
        _ = try await site.launch(["/bin/mv", "\(site.plugins)/oven", site.path]).outcome()
    }

    private func shell(_ site: Site, _ commands: String) async throws {
        let outcome = try await site.launch(["/bin/bash", "-ec", commands]).outcome()
        try #require(outcome.code == 0, "\(outcome)")
    }

    @Test("an archive is shown, locked and run, and what it asks for is granted by the command that is said")
    func whole() async throws {
        let site = try Site()
        try await oven(site, permissions: ["network": true])
        try await shell(site, "tar -czf oven.tar.gz oven; rm -r oven")
        let installed = try await site.penstock("plugin", "install", "oven.tar.gz", "--yes")
        #expect(installed.code == 0, "\(installed)")
        for line in [
            "oven 1  from \(site.path)/oven.tar.gz", "serves    Build/Custom/Oven/1", "requires  jq",
            "asks for  the network",
            "\(site.plugins) has a lock file from now on; 3 locked", "installed oven 1",
        ] { #expect(installed.output.contains(line), "\(line)\n\(installed)") }
        let refused = try await site.run(Self.usesOven)
        #expect(
            refused.code == 1 && refused.text.contains("(GrantMissing): plugin oven needs the network"), "\(refused)")
        let command = try #require(installed.output.last)
        #expect(refused.output.contains(command))
        let words = command.split(separator: " ").dropFirst().map(String.init)
        #expect(try await site.launch(["\(Site.programs)/penstock"] + words).outcome().code == 0)
        let run = try await site.run(Self.usesOven)
        #expect(run.code == 0 && run.text.contains("Build/Bake | baked on"), "\(run)")

        let removed = try await site.penstock("plugin", "remove", "oven", "--yes")
        #expect(removed.code == 2, "only what remove takes: \(removed)")
    }

    @Test("another version takes the place of one only when told to, and the difference is shown")
    func replacing() async throws {
        let site = try Site()
        try await oven(site, permissions: ["network": true])
        #expect(try await site.penstock("plugin", "install", "oven", "--yes").code == 0)
        try await shell(
            site,
            """
            sed -i 's/"version":"1","x"/&/; s/"network":true/"environment":["HEAT"]/; s/"version":"1"}$/"version":"2"}/' \
            oven/plugin.json
            """)
        let refused = try await site.penstock("plugin", "install", "oven", "--yes")
        #expect(refused.code == 2 && refused.errors == ["penstock: oven is installed already; --replace replaces it"])
        let difference = "replaces  1 by 2: asks for the environment variable HEAT, too; no longer asks for the network"
        #expect(refused.output.contains(difference), "\(refused)")
        #expect(contents("\(site.plugins)/oven/plugin.json")?.contains("network") == true)
        let replaced = try await site.penstock("plugin", "install", "oven", "--yes", "--replace")
        #expect(replaced.code == 0 && replaced.text.contains(": version 1 → 2; changed plugin.json"), "\(replaced)")
        #expect(try await site.penstock("plugin", "list").code == 0)

        let options = ["--plugins", site.plugins]
        let penstock = "\(Site.programs)/penstock"
        let unasked = try await site.launch([penstock, "plugin", "remove", "oven"] + options).outcome()
        #expect(unasked.code == 2 && unasked.errors == ["penstock: nobody is there to be asked; --yes says yes"])
        let removed = try await site.launch([penstock, "plugin", "remove", "oven", "--yes"] + options).outcome()
        #expect(removed.code == 0 && !site.exists("plugins/oven"), "\(removed)")
        #expect(contents("\(site.plugins)/plugins.lock")?.contains("oven") == false)
    }

    @Test("nothing is installed without a word, and the manifest's rules are kept")
    func refusals() async throws {
        let site = try Site()
        try await oven(site)
        let unasked = try await site.penstock("plugin", "install", "oven")
        #expect(unasked.code == 2 && unasked.errors == ["penstock: nobody is there to be asked; --yes says yes"])
        #expect(unasked.text.contains("asks for  nothing beyond its workspace"))
        try await shell(site, "chmod -x oven/run; sed -i 's/permissions/permisions/' oven/plugin.json")
        let linted = try await site.penstock("plugin", "install", "oven", "--yes")
        #expect(linted.code == 1 && linted.errorText.contains("FAIL  MAN-02"), "\(linted)")
        #expect(linted.errorText.hasSuffix("nothing is installed"))
        #expect(linted.errorText.contains("Reproduce with: penstock conformance lint \(site.path)/oven"))
        #expect(names(in: site.plugins) == ["do", "peek"])
    }

    @Test(
        "what is no source is told in one line, and leaves nothing",
        arguments: [
            ("/", "/: is the whole machine"), ("none", "none: is no directory and no archive that is there"),
            ("settings.yaml", "is no archive that can be unpacked"), ("state", "holds no plugin"),
            ("evil.tar", "an entry named \"../../evil\": it has a component \"..\""),
            ("evil.zip", "an entry named \"../../evil\": it has a component \"..\""),
            ("https://host", "https://host: is no directory"), ("file:///no/such.git", "git cannot fetch it: fatal:"),
        ])
    func sources(source: String, message: String) async throws {
        let site = try Site()
        try await shell(
            site,
            """
            mkdir state; touch x; tar -cPf evil.tar --transform 's,x,../../evil,' x
            python3 -c 'import zipfile; zipfile.ZipFile("evil.zip", "w").writestr("../../evil", "")'
            """)
        let outcome = try await site.penstock("plugin", "install", source, "--yes")
        #expect(outcome.code == 2 && outcome.errors.count == 1 && outcome.errorText.contains(message), "\(outcome)")
        #expect(names(in: site.plugins) == ["do", "peek"] && !site.exists("../evil"))
    }

    @Test("a plugin that has to be built is built by --build alone, and judged as it is then")
    func build() async throws {
        let site = try Site()
        try await oven(site, run: ["build": ["sh", "-c", "mv source run; echo made"]])
        try await shell(site, "mv oven/run oven/source")
        let refused = try await site.penstock("plugin", "install", "oven", "--yes")
        #expect(
            refused.code == 2 && refused.errorText.contains("oven: its program run has to be built; --build does that"))
        let built = try await site.penstock("plugin", "install", "oven", "--yes", "--build")
        #expect(built.code == 0 && built.output.contains("build | made"), "\(built)")
        #expect(built.text.contains("build     sh -c mv source run; echo made"))
        #expect(try await site.run(Self.usesOven).code == 0)
        try await shell(site, "sed -i 's/mv source run/true/' oven/plugin.json")
        let empty = try await site.penstock("plugin", "install", "oven", "--yes", "--build", "--replace")
        #expect(empty.code == 1 && empty.errorText.contains("FAIL  MAN-07"), "\(empty)")
        #expect(try await site.run(Self.usesOven).code == 0, "the old one is there")
    }

    @Test("--test judges by the whole kit, and refuses what fails")
    func kit() async throws {
        let site = try Site()
        try await oven(site, script: "#!/bin/sh\ncat >/dev/null\nexit 3\n")
        let outcome = try await site.penstock("plugin", "install", "oven", "--yes", "--test")
        #expect(outcome.code == 1 && outcome.errorText.contains("oven 1 fails"), "\(outcome)")
        #expect(outcome.errorText.hasSuffix("nothing is installed") && names(in: site.plugins) == ["do", "peek"])
    }

    @Test("from a git repository at a revision, and nothing of it or of the machine's templates is executed")
    func repository() async throws {
        let site = try Site()
        try await oven(site)
        try await shell(
            site,
            """
            mkdir -p template/hooks; printf '#!/bin/sh\\ntouch \(site.path)/hooked\\n' >template/hooks/post-checkout
            chmod +x template/hooks/*; git config --global init.templateDir "$PWD/template"
            git config --global user.name me; git config --global user.email me@host
            git init -q oven; cd oven; git add .; git commit -qm 1; git tag v1; git rm -q run; git commit -qm 2
            """)
        let missing = try await site.penstock("plugin", "install", "file://\(site.path)/oven@v2", "--yes")
        #expect(
            missing.code == 2
                && missing.errors == ["penstock: file://\(site.path)/oven@v2: there is no tag, branch or commit v2"])
        let installed = try await site.penstock("plugin", "install", "file://\(site.path)/oven@v1", "--yes")
        #expect(installed.code == 0 && installed.text.contains("@v1 (commit "), "\(installed)")
        #expect(names(in: "\(site.plugins)/oven") == ["plugin.json", "run"] && !site.exists("hooked"))
    }

    @Test("a no or Ctrl-C at the question leaves nothing behind")
    func interrupted() async throws {
        let site = try Site()
        try await oven(site)
        // On a terminal somebody is there to be asked.
        let python = """
            import os, pty, sys
            pid, terminal = pty.fork()
            if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
            said = b""
            while b"[y/N]" not in said: said += os.read(terminal, 1000)
            os.write(terminal, sys.stdin.buffer.read())
            try:
                while True: said += os.read(terminal, 1000)
            except OSError: pass
            print(said.decode())
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
        for (input, code, message) in [
            ("\u{3}", Int32(4), "interrupted: nothing is changed"), ("n\n", 1, "nothing is changed"),
        ] {
            let outcome = try await site.launch(
                [
                    "/usr/bin/python3", "-c", python, "\(Site.programs)/penstock", "plugin", "install", "oven",
                    "--plugins",
                    site.plugins,
                ], input: input
            ).outcome()
            #expect(outcome.code == code && outcome.text.contains(message), "\(outcome)")
            #expect(outcome.text.contains("Install it into \(site.plugins)? [y/N]"))
            #expect(names(in: site.plugins) == ["do", "peek"])
        }
        try await site.expectNothingLeft()
    }

    @Test("kill -9 leaves the old version or the new one, whole, and the next change clears up after it")
    func killed() async throws {
        let site = try Site()
        try await oven(site)
        // Large enough to be copied for a while.
        try await shell(site, "head -c 20000000 /dev/urandom >oven/blob")
        #expect(try await site.penstock("plugin", "install", "oven", "--yes").code == 0)
        try await shell(site, "sed -i 's/\"version\":\"1\"}$/\"version\":\"2\"}/' oven/plugin.json; cp -r oven new")
        let old = try #require(contents("\(site.plugins)/oven/plugin.json"))
        let new = try #require(contents(site.place("new/plugin.json")))
        #expect(old != new)
        for _ in 0..<3 {
            let run = try await site.start(["plugin", "install", "oven", "--yes", "--replace"])
            try await until("it has begun, or is too fast for us") {
                names(in: site.plugins).contains { $0.hasPrefix(".penstock-") } || !run.output.isEmpty
            }
            run.signal(SIGKILL)
            _ = try await run.outcome()
            let found = contents("\(site.plugins)/oven/plugin.json")
            #expect(found == old || found == new)
            try await shell(site, "cmp \(site.plugins)/oven/blob new/blob; cmp \(site.plugins)/oven/run new/run")
        }
        let installed = try await site.penstock("plugin", "install", "oven", "--yes", "--replace")
        #expect(installed.code == 0 && contents("\(site.plugins)/oven/plugin.json") == new, "\(installed)")
        #expect(names(in: site.plugins) == ["do", "oven", "peek", "plugins.lock"])
    }

    @Test("a server that never answers is given up at a signal, with nothing left")
    func silentServer() async throws {
        let site = try Site()
        let python = """
            import socket, sys
            s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
            print(s.getsockname()[1], flush=True)
            sys.stdin.read()
            """
        let server = try await site.launch(["/usr/bin/python3", "-c", python], input: nil)
        try await until("the server listens") { server.output.count > 3 }
        let url = "git://127.0.0.1:\(server.output)/oven.git"
        let run = try await site.start(["plugin", "install", url, "--yes"])
        try await until("git is at it") { site.processes().contains { $0.contains("clone") && $0.contains(url) } }
        let outcome = try await run.outcome(after: SIGTERM)
        #expect(outcome.code == 4 && outcome.errors == ["penstock: interrupted: nothing is changed"], "\(outcome)")
        #expect(names(in: site.plugins) == ["do", "peek"])
        _ = try await server.outcome(after: SIGTERM)
        try await site.expectNothingLeft()
    }
}
