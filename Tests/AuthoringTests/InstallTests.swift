import Artifacts
import Conformance
import Glibc
import Jansson
import PluginHost
import Testing

@testable import Authoring

@Suite("penstock plugin install")
struct InstallTests {
    private let place: Place

    init() throws {
        place = try Place()
        try place.makePlugin("oven", at: "source")
    }

    @discardableResult
    private func install(_ source: String = "source") async throws -> [LockChange] {
        try await PluginDirectory.changing(place.plugins) { directory in
            let candidate = try await directory.stage(
                try PluginSource(source.contains(":") ? source : "\(place.path)/\(source)"))
            return try directory.install(candidate)
        }
    }

    private func refusal(_ source: String = "source") async -> String? {
        do {
            try await install(source)
            return nil
        } catch let error as ArtifactError {
            return error.message
        } catch {
            return "\(error)"
        }
    }

    @Test("copies a folder with what belongs to the plugin, for every user of a sandbox to read, and locks it")
    func directory() async throws {
        try place.shell(
            """
            cd source; mkdir -m 700 lib; echo 1 >lib/secret; chmod 600 lib/secret; chmod 6777 run; ln -s lib/secret link
            git init -q .; git init -q lib/sub; mkdir .hg; touch .hidden
            """)
        let changes = try await install()
        #expect(changes.map(\.description).first?.hasPrefix("locked    oven 1.0.0") == true && changes.count == 1)
        let found = try place.shell("cd plugins/oven; find . -mindepth 1 -printf '%P %m %l\\n' | sort")
        #expect(
            found == """
                .hidden 644\u{20}
                lib 755\u{20}
                lib/secret 644\u{20}
                lib/sub 755\u{20}
                link 777 lib/secret
                plugin.json 644\u{20}
                run 755\u{20}

                """)
        #expect(place.names("plugins") == ["oven", "plugins.lock"])
        #expect(place.exists("source/.git"), "the source is as it was")
    }

    @Test("with the first lock file locks all that is there, and later only what it installs")
    func locks() async throws {
        try place.makePlugin("acme")
        #expect(try await install().map { $0.description.prefix(14) } == ["locked    acme", "locked    oven"])
        try place.write("x", to: "plugins/acme/x")
        try place.makePlugin("third", at: "third")
        #expect(try await install("third").map { $0.description.prefix(15) } == ["locked    third"])
        let acme = PluginCatalogue(searching: [place.plugins]).plugin(named: "acme")!
        let lock = try #require(try PluginLock(ofDirectory: place.plugins))
        #expect(throws: Failure.self) { try lock.check(acme, found: try PluginLock.Entry(acme)) }
    }

    @Test(
        "finds the plugin in an archive, at its top or in the one folder that has one",
        arguments: [
            "tar -C source -czf a .", "tar -cJf a source", "tar -cf a --transform 's,^,./,' source",
            "mkdir x; mv source x; mkdir x/__MACOSX; python3 -m zipfile -c a x/source/ x/__MACOSX/",
            "cd source; python3 -m zipfile -c ../a plugin.json run",
        ])
    func archives(pack: String) async throws {
        try place.shell(pack)
        try await install("a")
        #expect(place.exists("plugins/oven/plugin.json") && place.names("plugins") == ["oven", "plugins.lock"])
    }

    @Test("refuses what holds no plugin, or several, or the place where plugins are, or what no plugin may hold")
    func refusals() async throws {
        try place.shell(
            """
            mkdir -p none/deep/er several; touch none/deep/er/plugin.json; cp -r source several/a; cp -r source several/b
            for i in out fifo absolute; do cp -r source $i; done
            ln -s ../source/run out/l; mkfifo fifo/pipe; ln -s /etc/passwd absolute/l
            mkdir top; cp -r source top/inner; ln -s ../x top/inner/l; touch top/x; tar -C top -cf sly.tar .
            """)
        let there = "there is no plugin.json at its top, nor in a folder there"
        let real = try #require(realPath(place.path))
        #expect(await refusal("none") == "\(real)/none: holds no plugin: \(there)")
        #expect(await refusal("several") == "\(real)/several: holds several plugins, a, b; install one")
        #expect(
            await refusal("plugins")
                == "\(real)/plugins: holds \(place.plugins), where plugins are installed; name the folder of one plugin"
        )
        #expect(await refusal("out")?.hasPrefix("l is a link to \"../source/run\", which leads out") == true)
        #expect(
            await refusal("sly.tar")?.hasPrefix("l is a link to \"../x\", which leads out") == true, "of the plugin")
        #expect(await refusal("absolute")?.hasPrefix("l is a link to \"/etc/passwd\", an absolute path") == true)
        #expect(await refusal("fifo")?.hasPrefix("pipe is a FIFO") == true)
        #expect(place.names("plugins") == [], "nothing is left behind")
    }

    @Test("stops an archive that is made to fill the disk, by what its own size allows")
    func bomb() async throws {
        try place.shell("cd source; head -c 100000000 /dev/zero >zeros; cd ..; tar -cJf a source; ls -l a")
        #expect(await refusal("a")?.hasPrefix("source/zeros brings what is unpacked to 100000") == true)
        #expect(place.names("plugins") == [])
    }

    @Test("takes the place of an earlier version in one step, and of nothing else")
    func replacing() async throws {
        try await install()
        try place.makePlugin("oven", at: "source", version: "2.0.0")
        let changes = try await install()
        #expect(changes.first?.description.contains("version 1.0.0 → 2.0.0; changed plugin.json") == true)
        #expect(place.names("plugins") == ["oven", "plugins.lock"])

        try place.shell("mv plugins/oven plugins/other")
        let real = try #require(realPath(place.path))
        #expect(
            await refusal()
                == "oven: is installed already, in \(real)/plugins/other; remove it, or put it at \(place.plugins)/oven"
        )
        try place.shell("mv plugins/other elsewhere; ln -s ../elsewhere plugins/oven")
        #expect(await refusal()?.contains("is there already, and is not the folder of a plugin oven") == true)
        try place.shell("rm plugins/oven; mkdir plugins/oven")
        #expect(
            await refusal()
                == "\(place.plugins)/oven: is there already, and is not the folder of a plugin oven; move it away")
    }

    @Test("changes nothing when the lock file cannot be read")
    func brokenLock() async throws {
        try place.write("{}", to: "plugins/plugins.lock")
        #expect(await refusal()?.hasSuffix("plugins.lock: plugins is required") == true)
        #expect(place.names("plugins") == ["plugins.lock"] && place.text("plugins/plugins.lock") == "{}")
    }

    @Test("builds a plugin in the copy, and keeps what that made")
    func build() async throws {
        let build = "printf '#!/bin/sh\\n' >run; chmod 700 run; echo built; echo $HOME >home"
        try place.makePlugin("cc", at: "cc", run: ["build": ["sh", "-c", .string(build)]], script: nil)
        try await PluginDirectory.changing(place.plugins) { directory in
            let candidate = try await directory.stage(try PluginSource("\(place.path)/cc"))
            #expect(candidate.needsBuild)
            var said: [String] = []
            try await candidate.build { said.append($0) }
            #expect(said == ["built"] && !candidate.needsBuild)
            _ = try directory.install(candidate)
        }
        #expect(mode(of: "\(place.plugins)/cc/run") == S_IFREG | 0o755)
        #expect(place.text("plugins/cc/home") == "\(variable("HOME") ?? "")\n" && !place.exists("cc/run"))
    }

    @Test(
        "tells of a build that cannot be started, or fails",
        arguments: [
            ("no-such-make", "cc: run.build starts no-such-make, which is not there"),
            ("false", "cc: its build failed: false ended with exit status 1"),
        ])
    func badBuild(program: String, message: String) async throws {
        try place.makePlugin("cc", at: "cc", run: ["build": [.string(program)]], script: nil)
        let error = await #expect(throws: TrustError.self) {
            try await PluginDirectory.changing(place.plugins) { directory in
                try await directory.stage(try PluginSource("\(place.path)/cc")).build { _ in }
            }
        }
        #expect(error?.description == message)
        #expect(place.names("plugins") == [])
    }

    @Test("removes a plugin and its line in the lock, a link as a link, and never the directory itself")
    func remove() async throws {
        try await install()
        try place.makePlugin("linked", at: "elsewhere")
        try place.shell("ln -s ../elsewhere plugins/linked")
        func remove(_ name: String, from path: String) async throws {
            try await PluginDirectory.changing(path) { try $0.remove(try $0.plugin(named: name)) }
        }
        try await remove("oven", from: place.plugins)
        try await remove("linked", from: place.plugins)
        #expect(place.names("plugins") == ["plugins.lock"] && place.exists("elsewhere/run"))
        #expect(try PluginLock(ofDirectory: place.plugins) == PluginLock())
        let error = await #expect(throws: TrustError.self) {
            try await remove("linked", from: "\(place.path)/elsewhere")
        }
        #expect(error?.description.contains("is the folder of the plugin linked itself") == true)
        #expect(place.exists("elsewhere/run"))
    }
}

@Suite("penstock plugin install from git")
struct RepositoryTests {
    private let place: Place
    private let url: String

    /// A history of three commits, in each of which the version is another one.
    init() throws {
        place = try Place()
        url = "file://\(try #require(realPath(place.path)))/oven.git"
        try place.makePlugin("oven", at: "work")
        try place.shell(
            """
            git config --global user.name me; git config --global user.email me@host; git config --global init.defaultBranch main
            cd work; git init -q; git add .; git commit -qm 1; git tag v1
            sed -i 's/1\\.0\\.0/2.0.0/' plugin.json; git commit -qam 2; git branch feature/two
            sed -i 's/2\\.0\\.0/3.0.0/' plugin.json; git commit -qam 3; git clone -q --bare . ../oven.git
            """)
    }

    private func version(_ source: String) async throws -> (version: String, origin: String) {
        try await PluginDirectory.changing(place.plugins) { directory in
            let candidate = try await directory.stage(try PluginSource(source))
            #expect(!place.exists("plugins/\(directory.staging)/plugin/.git"))
            return (candidate.folder.version, candidate.origin)
        }
    }

    @Test("takes the newest commit, a tag, a branch, or a commit, and says which it was")
    func revisions() async throws {
        let commits = try place.shell("git -C work log --format=%H").split(separator: "\n").map(String.init)
        #expect(try await version(url) == ("3.0.0", "\(url) (commit \(commits[0]))"))
        #expect(try await version("\(url)@v1") == ("1.0.0", "\(url)@v1 (commit \(commits[2]))"))
        #expect(try await version("\(url)@feature/two") == ("2.0.0", "\(url)@feature/two (commit \(commits[1]))"))
        #expect(try await version("\(url)@\(commits[1])").version == "2.0.0")
        #expect(try await version("\(url)@\(commits[2].prefix(8))").version == "1.0.0")
        #expect(try await version("\(place.path)/work@v1").version == "1.0.0")
        #expect(place.names("plugins") == [])
    }

    @Test("says what is not there, in one line, and leaves nothing")
    func missing() async throws {
        func refusal(_ source: String) async -> String {
            do {
                return try await version(source).version
            } catch {
                return "\(error)"
            }
        }
        #expect(await refusal("\(url)@v9") == "\(url)@v9: there is no tag, branch or commit v9")
        #expect(await refusal("\(url)@0123456789") == "\(url)@0123456789: there is no tag, branch or commit 0123456789")
        let none = await refusal("file:///no/such.git")
        #expect(none.hasPrefix("file:///no/such.git: git cannot fetch it: fatal: ") && !none.contains("\n"), "\(none)")
        try place.shell("git init -q --bare empty.git")
        #expect(
            await refusal("file://\(place.path)/empty.git") == "file://\(place.path)/empty.git: the repository is empty"
        )
        #expect(place.names("plugins") == [])
    }

    @Test("over git's own protocol, from a server")
    func server() async throws {
        // Python starts it, without the descriptors by which this test waits for its shell.
        let start = """
            import socket, subprocess, sys
            s = socket.socket(); s.bind(("127.0.0.1", 0)); port = s.getsockname()[1]; s.close()
            p = subprocess.Popen(
                [sys.argv[1] + "/git-daemon", "--export-all", "--listen=127.0.0.1", f"--port={port}", "--base-path=."],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while p.poll() is None:
                try: socket.create_connection(("127.0.0.1", port)).close(); break
                except ConnectionRefusedError: pass
            print(port, p.pid)
            """
        try place.write(start, to: "start.py")
        let daemon = try place.shell("python3 start.py $(git --exec-path)").split { " \n".contains($0) }.map(
            String.init)
        let pid = try #require(pid_t(daemon[1]))
        defer { kill(pid, SIGKILL) }
        #expect(try await version("git://127.0.0.1:\(daemon[0])/oven.git@v1").version == "1.0.0")
    }

    @Test("fetches no submodule, and says so")
    func submodules() async throws {
        try place.shell(
            """
            git init -q sub; cd sub; echo x >x; git add x; git commit -qm x; cd ../work
            git -c protocol.file.allow=always submodule --quiet add "$PWD/../sub" sub; git commit -qm sub
            """)
        try await PluginDirectory.changing(place.plugins) { directory in
            let candidate = try await directory.stage(try PluginSource("file://\(place.path)/work"))
            #expect(candidate.notes == ["the repository's submodules are not fetched"])
            #expect(names(in: candidate.folder.directory) == [".gitmodules", "plugin.json", "run", "sub"])
            #expect(names(in: "\(candidate.folder.directory)/sub") == [])
        }
    }
}
