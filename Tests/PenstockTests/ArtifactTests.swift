import Glibc
import Jansson
import Testing

@Suite("artifact ls, get, put, verify and diff; and what a plugin can do to the store")
struct ArtifactTests {
    private static let definition = pipeline(
        source,
        Stage(
            "Build",
            action(
                "Make", "mkdir out/App/d; cp in/Code/file out/App/d; chmod 755 out/App/d/file; ln -s d/file out/App/l",
                in: ["Code"], out: ["App"])))

    private static let attack = """
        for try in 'echo evil >in/Code/file' 'echo evil >>in/Code/file' 'chmod 777 in/Code/file' 'rm in/Code/file' \
            'mv in/Code/file out/App/moved' 'truncate -s 0 in/Code/file' 'ln in/Code/file out/App/linked' \
            'ln in/Code/file tmp/linked' 'touch -d 2001-01-01 in/Code/file' 'chown 1000 in/Code/file' \
            'echo evil >/proc/self/fd/9' 'mount -o remount,rw,bind in' 'setfattr -n user.x -v y in/Code/file'; do
            eval "$try" 2>/dev/null 9<in/Code/file && echo "done: $try"
        done
        echo "names: $(stat -c %h in/Code/file)"
        cat in/Code/file
        """

    @Test("an input is the store's own file, and no plugin in a sandbox can change it")
    func links() async throws {
        let site = try Site()
        let action = action("Attack", Self.attack, in: ["Code"], out: ["App"])
        let outcome = try await site.run(pipeline(source, Stage("Build", action)))
        #expect(outcome.code == 0 && !outcome.text.contains("done: "), "\(outcome)")
        #expect(outcome.text.contains("| names: 2") && outcome.text.contains("| hello"), "\(outcome)")
        #expect(try await site.penstock("artifact", "verify").code == 0)
        try await site.expectNothingLeft()
    }

    @Test("without a sandbox an input is a copy, and what is done to it is not done to the store")
    func copies() async throws {
        let site = try Site()
        let action = action("Attack", "echo evil >in/Code/file; stat -c 'names: %h' in/Code/file", in: ["Code"])
        let outcome = try await site.run(pipeline(source, Stage("Build", action)), "--sandbox", "none")
        #expect(outcome.code == 0 && outcome.text.contains("| names: 1"), "\(outcome)")
        #expect(try await site.penstock("artifact", "verify").code == 0)
    }

    @Test("an artifact is found by execution and name or by digest, listed, and comes out as a folder or a zip")
    func listAndGet() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition).code == 0)
        let id = try await site.execution()
        let outputs = try await site.penstock("artifact", "ls", id)
        #expect(outputs.code == 0 && outputs.output.count == 2, "\(outputs)")
        #expect(outputs.output[0].hasPrefix("Source/Fetch/Code  ") && outputs.output[0].hasSuffix("1 entries, 6 bytes"))
        let digest = String(outputs.output[1].split(separator: " ")[1])
        let listed = try await site.penstock("artifact", "ls", id, "App")
        #expect(
            listed.output.map { $0.split(separator: " ").first ?? "" } == ["d755", "-755", "l777", "1"], "\(listed)")
        #expect(listed.output[2].hasSuffix("  l -> d/file") && listed.output[3] == "1 files, 6 bytes, \(digest)")
        for reference in [
            "\(id)/App", "\(id.prefix(8))/Make/App", "\(id)/Build/Make/App", digest, "\(digest.prefix(9))",
        ] {
            #expect(try await site.penstock("artifact", "ls", reference).output == listed.output, "\(reference)")
        }
        let json = try await site.penstock("artifact", "ls", "\(id)/App", "--format", "json").objects()
        #expect(json.first?["artifact"] == .string(digest) && json.first?["entries"]?.elements.count == 3)
        #expect(json.first?["entries"]?.elements[1]["mode"] == "755")

        #expect(try await site.penstock("artifact", "get", digest, "folder").code == 0)
        #expect(try await site.penstock("artifact", "get", "\(id)/App", "packed.zip").code == 0)
        #expect(contents(site.place("folder/l")) == "hello\n")
        for path in ["folder", "packed.zip"] {
            #expect(try await site.penstock("artifact", "put", path).output == [digest])
        }
        // What came out is nobody else's: changing it changes nothing here.
        try site.write("other\n", to: "folder/d/file", mode: 0o700)
        let changed = try #require(try await site.penstock("artifact", "put", "folder").output.first)
        let diff = try await site.penstock("artifact", "diff", digest, changed)
        #expect(diff.code == 1 && diff.output == ["~ d/file (mode 755 -> 700, 6 bytes, others)"], "\(diff)")
        #expect(try await site.penstock("artifact", "diff", digest, "\(id)/App").code == 0)
        let objects = try await site.penstock("artifact", "diff", digest, changed, "--format", "json").objects()
        #expect(objects.first?["same"] == false && objects.first?["changes"]?.elements.count == 1)
    }

    @Test("what is damaged is named, with exit code 1, and is not handed out")
    func damage() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition).code == 0)
        let id = try await site.execution()
        let sound = try await site.penstock("artifact", "verify")
        #expect(sound.code == 0 && sound.output == ["2 artifacts, 1 contents, 6 bytes: all sound"], "\(sound)")
        let script = "for f in state/artifacts/blobs/*; do chmod u+w $f; printf hellO >$f; echo >>$f; done"
        #expect(try await site.launch(["/bin/bash", "-c", script]).outcome().code == 0)
        let damaged = try await site.penstock("artifact", "verify", "\(id)/App")
        #expect(damaged.code == 1 && damaged.output.count == 2, "\(damaged)")
        #expect(damaged.output[0].contains(" is corrupted: d/file must have the SHA-256 "), "\(damaged)")
        let all = try await site.penstock("artifact", "verify", "--format", "json")
        #expect(try all.code == 1 && all.objects().first?["damage"]?.elements.count == 2, "\(all)")
        let get = try await site.penstock("artifact", "get", "\(id)/App", "folder")
        #expect(get.code == 2 && get.errorText.contains("d/file must have the SHA-256"), "\(get)")
        #expect(!site.exists("folder"))
    }

    @Test("killed at any moment while it takes something in, the store has all of it or nothing")
    func killed() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition).code == 0)
        let make = """
            mkdir big; cd big; for i in $(seq 400); do echo $i >f$i; done; head -c 40000000 /dev/urandom >large
            """
        #expect(try await site.launch(["/bin/bash", "-c", make]).outcome().code == 0)
        for milliseconds in stride(from: 20, through: 300, by: 20) {
            let killer = ["/usr/bin/timeout", "-s", "KILL", "\(Double(milliseconds) / 1_000)"]
            _ = try await site.start(["artifact", "put", "big"], by: killer).outcome()
            let verified = try await site.penstock("artifact", "verify")
            #expect(verified.code == 0, "after \(milliseconds) ms: \(verified)")
        }
        let digest = try #require(try await site.penstock("artifact", "put", "big").output.first)
        #expect(try await site.penstock("artifact", "get", digest, "copy").code == 0)
        #expect(try await site.launch(["/usr/bin/diff", "-r", "big", "copy"]).outcome().code == 0)
        #expect(names(in: "\(site.state)/artifacts/tmp") == [])
    }

    @Test("what does not exist or is not clear is said, with what there is instead")
    func wrong() async throws {
        let site = try Site()
        let digest = String(repeating: "0", count: 64)
        for arguments in [
            ["put", "settings.yaml"], ["verify"], ["verify", digest], ["ls", digest], ["get", digest, "copy"],
            ["diff", digest, digest],
        ] {
            let none = try await site.start(["artifact"] + arguments).outcome()
            #expect(none.code == 2 && none.errorText.contains("no execution has been recorded here"), "\(none)")
        }
        #expect(!site.exists("state") && !site.exists("copy"))
        #expect(try await site.run(Self.definition).code == 0)
        let id = try await site.execution()
        let cases = [
            (["ls", "\(id)/Ap"], "Ap: execution \(id) has none; did you mean App?"),
            (["ls", "zzzz"], "\"zzzz\": no artifact begins so, and no execution"),
            (["ls", "zzzz/App"], "\"zzzz\": no artifact begins so, and no execution"),
            (["get", id, "folder"], "is an execution; its artifacts are \(id)/Code, \(id)/App"),
            (["get", "\(id)/App", "plugins"], "must be empty"),
            (["get", "\(id)/App", ""], "the target must not be empty"),
            (["put", "nowhere"], "nowhere: No such file or directory"),
            (["put", "settings.yaml"], "is no archive that can be unpacked"),
            (["verify", digest], "no artifact begins so"),
        ]
        for (words, message) in cases {
            let outcome = try await site.start(["artifact"] + words).outcome()
            #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(words): \(outcome)")
        }
    }
}
