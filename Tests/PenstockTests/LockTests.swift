import Glibc
import Jansson
import Testing

@Suite("A directory with a plugins.lock")
struct LockTests {
    private static let build = pipeline(source, Stage("Build", action("Look", "echo looked")))

    private func lock(_ site: Site, _ words: String...) async throws -> Outcome {
        try await site.launch(["\(Site.programs)/penstock", "plugin", "lock"] + words + ["--plugins", site.plugins])
            .outcome()
    }

    @Test("refuses a plugin that was changed, names what is different, and trusts it again by the command that it says")
    func changed() async throws {
        let site = try Site()
        let locked = try await lock(site)
        #expect(locked.code == 0 && locked.output.count == 2 && locked.text.contains("locked    peek 1  "), "\(locked)")
        #expect(try await site.run(Self.build).code == 0)

        try site.write("#!/bin/sh\necho evil\n", to: "plugins/peek/run", mode: 0o755)
        try site.write("", to: "plugins/peek/more")
        let command = "penstock plugin lock peek --plugins \(site.plugins)"
        let refusal = """
            plugin peek is not what \(site.plugins)/plugins.lock has: changed run; added more. \
            If you trust it as it is now: \(command)
            """
        let refused = try await site.run(Self.build)
        #expect(refused.code == 1 && refused.text.contains("PermissionError (LockMismatch): \(refusal)"), "\(refused)")
        #expect(!refused.text.contains("evil"))
        #expect(try await site.penstock("plan", "pipeline.json").text.contains(refusal))
        let list = try await site.penstock("plugin", "list")
        #expect(list.code == 1 && list.errors == ["penstock: \(refusal)"], "\(list)")
        #expect(try await site.penstock("plugin", "show", "peek").text.contains("problem    \(refusal)"))
        #expect(try await site.penstock("doctor").text.contains(refusal))

        let words = command.split(separator: " ").dropFirst().map(String.init)
        let trusted = try await site.launch(["\(Site.programs)/penstock"] + words).outcome()
        #expect(trusted.code == 0 && trusted.text.hasSuffix(": changed run; added more"), "\(trusted)")
        #expect(try await site.penstock("plugin", "list").code == 0)
        try await site.expectNothingLeft()
    }

    @Test("refuses a plugin that was put there afterwards, and says so of those that it was not told to lock")
    func unknown() async throws {
        let site = try Site()
        let locked = try await lock(site, "do")
        #expect(locked.code == 0 && locked.errors == ["penstock: not in the lock, so refused from now on: peek"])
        let refused = try await site.run(Self.build)
        #expect(
            refused.code == 1
                && refused.text.contains(
                    "PermissionError (LockMismatch): plugin peek 1 is not in \(site.plugins)/plugins.lock, so it is not trusted"
                ), "\(refused)")
        let stubbed = try await site.run(Self.build, "--stub", "all")
        #expect(stubbed.code == 0, "what is not started need not be trusted: \(stubbed)")
    }

    @Test("refuses each plugin by its name when the lock was edited, and says what is wrong in it")
    func edited() async throws {
        let site = try Site()
        _ = try await lock(site)
        let text = try #require(contents("\(site.plugins)/plugins.lock"))
        let digest = try #require(text.firstMatch(of: /"sha256": "([0-9a-f]{64})"/)?.1)
        let other = String(digest.reversed())
        try site.write(text.replacing(digest, with: other), to: "plugins/plugins.lock")
        let changed = try await site.penstock("plugin", "list")
        #expect(
            changed.errors.count == 1
                && changed.errorText.contains("plugin do is not what \(site.plugins)/plugins.lock has: the sha256"))

        try site.write(text.replacing(digest, with: "?"), to: "plugins/plugins.lock")
        let wrong = "plugins.do.sha256 must be 64 hexadecimal digits, lower case, found \"?\""
        let broken = try await site.run(Self.build)
        #expect(broken.code == 1 && broken.text.contains("ConfigurationError (ConfigurationInvalid): plugin peek"))
        #expect(broken.text.contains("\(site.plugins)/plugins.lock: \(wrong)"), "\(broken)")
        let one = try await lock(site, "do")
        #expect(
            one.code == 2 && one.errorText.contains(wrong) && one.errorText.contains("nothing is locked; to lock all"))
        let all = try await lock(site)
        #expect(all.code == 2 && all.errorText.contains(wrong), "what was trusted is not replaced unasked: \(all)")
        #expect(unlink("\(site.plugins)/plugins.lock") == 0)
        #expect(try await lock(site).code == 0)
        #expect(try await site.penstock("plugin", "list").code == 0)
    }

    @Test("is not written through a link to what is somebody else's")
    func link() async throws {
        let site = try Site()
        try site.write("{}", to: "theirs")
        try #require(symlink(site.place("theirs"), "\(site.plugins)/plugins.lock") == 0)
        let outcome = try await lock(site)
        #expect(outcome.code == 2 && outcome.errorText.contains("plugins.lock: "), "\(outcome)")
        #expect(contents(site.place("theirs")) == "{}")
    }

    @Test("a plugin whose manifest cannot be read is told where it is missed")
    func unread() async throws {
        let site = try Site()
        try site.write("{", to: "plugins/do/plugin.json")
        for outcome in [try await lock(site, "do"), try await site.penstock("plugin", "show", "do")] {
            #expect(outcome.code == 2 && outcome.errorText.contains("do: no such plugin in "), "\(outcome)")
            #expect(outcome.errorText.contains("\(site.plugins)/do/plugin.json: "))
        }
    }

    @Test("is said in a line where it cannot be: an unknown name, a directory that is none")
    func refusals() async throws {
        let site = try Site()
        let near = try await lock(site, "peak")
        #expect(
            near.code == 2
                && near.errors == ["penstock: peak: no such plugin in \(site.plugins); did you mean \"peek\"?"])
        #expect(!site.exists("plugins/plugins.lock"))
    }

    @Test("plugins are found where they are installed, without being named")
    func installed() async throws {
        let site = try Site()
        // Root's own place is the machine's.
        let user = Site.isRoot ? ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] : []
        for (variable, home) in [("XDG_DATA_HOME", "data"), ("HOME", "home/.local/share")] {
            _ = try await site.launch(["/bin/mkdir", "-p", "\(home)/penstock"]).outcome()
            let place = "\(site.path)/\(home)/penstock/plugins"
            _ = try await site.launch(["/bin/cp", "-r", site.plugins, place]).outcome()
            let path = variable == "HOME" ? "\(site.path)/home" : "\(site.path)/data"
            let list = try await site.launch(
                user + ["/usr/bin/env", "\(variable)=\(path)", "\(Site.programs)/penstock", "plugin", "list"]
            ).outcome()
            #expect(list.text.contains("peek 1  \(place)/peek") && list.text.contains("git 1.0.0"), "\(list)")
        }
    }
}
