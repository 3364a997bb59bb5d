import Glibc
import PluginProtocol
import Testing

@testable import PluginHost

@Suite("The catalogue of plugins")
struct PluginCatalogueTests {
    private let folder = TemporaryDirectory()

    private func install(_ name: String, in directory: String = "a", _ manifest: String, mode: mode_t = 0o755) {
        folder.directory(directory)
        folder.directory("\(directory)/\(name)")
        folder.file("\(directory)/\(name)/plugin.json", manifest)
        folder.file("\(directory)/\(name)/plugin", "#!/bin/sh\n", mode: mode)
    }

    private func type(_ provider: String) -> ActionTypeIdentifier {
        .init(category: "Deploy", owner: "Custom", provider: provider, version: "1")
    }

    @Test("finds each folder with a plugin.json, by type and by name")
    func finds() {
        install("one", manifest(name: "one", provider: "One"))
        install("two", manifest(name: "two", provider: "Two"))
        folder.directory("a/none")
        let catalogue = PluginCatalogue(searching: ["\(folder.path)/a"])
        #expect(catalogue.plugins.map(\.manifest.name) == ["one", "two"])
        #expect(catalogue.problems.isEmpty)
        #expect(catalogue.plugin(for: type("Two"))?.directory == "\(folder.path)/a/two")
        #expect(catalogue.plugin(named: "one")?.origin == "\(folder.path)/a")
        #expect(catalogue.plugin(for: type("Three")) == nil)
        #expect(catalogue.searched == ["\(folder.path)/a"])
    }

    @Test("takes a plugin's own folder for a directory of one")
    func single() {
        install("one", manifest(name: "one", provider: "One"))
        let catalogue = PluginCatalogue(searching: ["\(folder.path)/a/one", "\(folder.path)/a"])
        #expect(catalogue.plugins.map(\.manifest.name) == ["one"])
        #expect(catalogue.problems.isEmpty)
    }

    @Test("tells each thing that is wrong, by file, path and rule, and keeps the other plugins (MAN-01, MAN-02)")
    func problems() {
        install("bad", #"{"manifestVersion":1,"#)
        install("good", manifest())
        install(
            "typo", manifest(name: "typo", provider: "T", run: #"{"command":["x"],"timeoutSecond":1,"lifecycle":"a"}"#))
        folder.directory("a/fifo")
        mkfifo("\(folder.path)/a/fifo/plugin.json", 0o644)
        folder.directory("a/huge")
        folder.file("a/huge/plugin.json", String(repeating: " ", count: (1 << 20) + 1))
        let catalogue = PluginCatalogue(searching: ["\(folder.path)/a", "\(folder.path)/missing"])
        #expect(catalogue.plugins.map(\.manifest.name) == ["acme"])
        let path = "\(folder.path)/a"
        let texts = catalogue.problems.map(\.description)
        #expect(texts.count == 6)
        #expect(texts[0].hasPrefix("\(path)/bad/plugin.json: is not strict JSON: line 1"))
        #expect(texts[0].hasSuffix("(MAN-01)"))
        #expect(texts[1] == "\(path)/fifo/plugin.json: is no regular file")
        #expect(texts[2] == "\(path)/huge/plugin.json: has more than 1048576 bytes")
        #expect(
            texts[3]
                == "\(path)/typo/plugin.json: run.timeoutSecond is not a known key; did you mean \"timeoutSeconds\"? (MAN-02)"
        )
        #expect(texts[4].contains("run.lifecycle must be one of oneShot, worker"))
        #expect(texts[5] == "\(folder.path)/missing: cannot be searched for plugins: No such file or directory")
    }

    @Test("lets the first directory win when two plugins serve one type, and says so")
    func duplicates() {
        install("one", manifest(name: "one"))
        install("two", in: "b", manifest(name: "two"))
        let catalogue = PluginCatalogue(searching: ["\(folder.path)/a", "\(folder.path)/b"])
        #expect(catalogue.plugin(for: type("Acme"))?.manifest.name == "one")
        #expect(
            catalogue.problems.map(\.description) == [
                "\(folder.path)/b/two/plugin.json: plugin two serves Deploy/Custom/Acme/1, and so does one in"
                    + " \(folder.path)/a/one, which was found first and is used"
            ])
    }

    @Test("knows the types that an unknown one may mean")
    func nearest() {
        install("one", manifest(name: "one", provider: "CodeDeploy"))
        let catalogue = PluginCatalogue(searching: ["\(folder.path)/a"])
        #expect(catalogue.nearest(to: type("CodeDeplyo")) == [type("CodeDeploy")])
        let aws = ActionTypeIdentifier(category: "Test", owner: "AWS", provider: "codedeploy", version: "2")
        #expect(catalogue.nearest(to: aws) == [type("CodeDeploy")])
        #expect(catalogue.nearest(to: type("Nothing")).isEmpty)
    }

    // MARK: The program

    private func plugin(_ run: String = #"{"command":["plugin"]}"#) throws -> Plugin {
        Plugin(manifest: try parsed(manifest(run: run)), directory: "\(folder.path)/a/p", origin: folder.path)
    }

    @Test("a program that can be run is found")
    func executable() throws {
        install("p", manifest())
        #expect(try plugin().executable() == "\(folder.path)/a/p/plugin")
    }

    @Test("a program without its x bit is a PermissionError that says how to set it (MAN-07)")
    func notExecutable() throws {
        install("p", manifest(), mode: 0o644)
        let plugin = try plugin()
        let error = #expect(throws: Failure.self) { try plugin.executable() }
        #expect(error?.hostCode == .notExecutable)
        #expect(error?.type == .permissionError)
        #expect(error?.message.hasSuffix("chmod +x \(folder.path)/a/p/plugin") == true)
    }

    @Test("a program that is missing, a directory, or leads out of the folder is a ConfigurationError (MAN-07)")
    func otherPrograms() throws {
        install("p", manifest())
        folder.directory("a/p/bin")
        symlink("/bin/sh", "\(folder.path)/a/p/shell")
        symlink("plugin", "\(folder.path)/a/p/inner")
        let cases: [(String, HostCode?)] = [
            ("nothing", .commandNotFound), ("bin", .commandNotFound), ("shell", .manifestInvalid), ("inner", nil),
        ]
        for (program, code) in cases {
            let plugin = try plugin(#"{"command":["\#(program)"]}"#)
            var found: Failure?
            do { _ = try plugin.executable() } catch { found = error }
            #expect(found?.hostCode == code, "\(program)")
            #expect(code == nil || found?.type == .configurationError)
        }
    }

    @Test("a tool that is required and missing is a ConfigurationError that names it")
    func requirements() throws {
        install("p", manifest())
        folder.file("a/p/jq", "", mode: 0o755)
        folder.file("a/p/yq", "", mode: 0o644)
        let plugin = try plugin(#"{"command":["plugin"],"requires":["jq","no-such-tool","other"]}"#)
        let error = #expect(throws: Failure.self) { try plugin.checkRequirements(path: "/nowhere:\(folder.path)/a/p") }
        #expect(error?.hostCode == .requirementMissing)
        #expect(
            error?.message
                == "missing no-such-tool, other: plugin acme requires it in /nowhere:\(folder.path)/a/p")
        #expect(throws: Never.self) { try self.plugin().checkRequirements() }
    }
}
