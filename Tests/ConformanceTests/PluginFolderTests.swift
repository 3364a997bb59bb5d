import Conformance
import Foundation
import PluginProtocol
import Testing

@Suite("A plugin's folder")
struct PluginFolderTests {
    @Test("is read with its manifest and its cases, with defaults where they are silent")
    func read() throws {
        let folder = try PluginSite().read()
        #expect(folder.violations == [] && folder.fixtureProblems == [])
        #expect(folder.name == "acme" && folder.version == "1.2.0")
        #expect(folder.fixtures.map(\.name) == ["ok", "no", "later"])
        let ok = folder.fixtures[0]
        #expect(ok.actionType.description == "Deploy/Custom/AcmeDeploy/1" && ok.operation == .run)
        #expect(ok.outputArtifacts == ["Out"] && ok.timeoutSeconds == 30 && !ok.needsNetwork)
        #expect(folder.fixtures.primary == ok)
        #expect(folder.fixtures.first(with: .continues)?.name == "later")
    }

    @Test("that is none is told with what is missing, and where a plugin is")
    func noPlugin() throws {
        let site = try PluginSite()
        func problem(_ path: String) -> String? {
            #expect(throws: UnreadableInput.self) { try PluginFolder(reading: path) }?.problem
        }
        #expect(problem("\(site.path)/absent") == "does not exist")
        #expect(problem("\(site.path)/bin/plugin") == "is not a directory; name the plugin's folder")
        #expect(problem(site.path) == "is no plugin: it has no plugin.json")
        try site.write("{}", to: "plugin.jsn")
        #expect(problem(site.path)?.hasSuffix("did you mean \"plugin.jsn\" to be it?") == true)
        try site.write("{}", to: "git/plugin.json")
        #expect(problem(site.path)?.hasSuffix("it has no plugin.json; below it are plugins: git") == true)
        try site.makeFolder("plugin.json")
        #expect(problem(site.path) == "is no regular file")
    }

    @Test("has a digest of its paths, x bits, links and bytes, but for .git and of nothing else")
    func digest() throws {
        let site = try PluginSite()
        _ = try site.read()
        func digest() throws -> String { try PluginFolder(reading: site.path).sha256() }
        let first = try digest()
        #expect(first.count == 64)
        try site.write("#!/bin/sh\n", to: "bin/plugin", mode: 0o711)
        try site.write("ref", to: ".git/HEAD")
        #expect(try digest() == first, "other modes, and history, are not the plugin")
        var seen: Set = [first]
        try site.write("#!/bin/sh\n", to: "bin/plugin", mode: 0o644)
        #expect(seen.insert(try digest()).inserted, "the x bit is gone")
        try site.write("#!/bin/sh \n", to: "bin/plugin", mode: 0o644)
        #expect(seen.insert(try digest()).inserted, "other bytes")
        try site.makeFolder("empty")
        #expect(seen.insert(try digest()).inserted, "a directory more")
        try site.link("link", to: "/etc/passwd")
        #expect(seen.insert(try digest()).inserted, "a link")
        try site.remove("link")
        try site.link("link", to: "/etc/group")
        #expect(seen.insert(try digest()).inserted, "its target")
        #expect(mkfifo("\(site.path)/fifo", 0o600) == 0)
        #expect(seen.insert(try digest()).inserted, "a FIFO, which is not opened")
    }
}
