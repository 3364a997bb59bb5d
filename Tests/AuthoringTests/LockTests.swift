import Glibc
import Jansson
import PluginHost
import Testing

@testable import Authoring

@Suite("penstock plugin lock")
struct LockTests {
    private let place: Place

    init() throws {
        place = try Place()
        try place.makePlugin("acme")
        try place.makePlugin("oven")
    }

    private func lock(_ names: String...) async throws -> [LockChange] {
        try await PluginDirectory.changing(place.plugins) { try $0.relock(names, from: try $0.lock()) }
    }

    private func refusal(_ names: String...) async -> String? {
        do {
            _ = try await PluginDirectory.changing(place.plugins) { try $0.relock(names, from: try $0.lock()) }
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("locks all plugins, and tells what changed since: files, modes, versions, and who is gone")
    func changes() async throws {
        #expect(
            try await lock().map(\.description).map { $0.prefix(20) } == [
                "locked    acme 1.0.0", "locked    oven 1.0.0",
            ])
        let first = try #require(try PluginLock(ofDirectory: place.plugins))
        #expect(Set(first.plugins["acme"]!.files.keys) == ["plugin.json", "run"])
        #expect(first.plugins["acme"]!.files["run"]!.hasPrefix("Fx"))
        #expect(try await lock().map(\.description).allSatisfy { $0.hasPrefix("unchanged ") })

        try place.write("#!/bin/sh\nexit 1\n", to: "plugins/acme/run", mode: 0o755)
        try place.write("new", to: "plugins/acme/lib/new")
        try place.shell("rm -r plugins/oven")
        let later = try await lock()
        #expect(later.count == 2)
        #expect(later[0].description.hasSuffix(": changed run; added lib, lib/new"), "\(later)")
        #expect(later[1] == .dropped(name: "oven"))
        try #require(chmod("\(place.plugins)/acme/run", 0o644) == 0)
        #expect(try await lock()[0].description.hasSuffix(": changed run"))
    }

    @Test("locks one by its name and leaves the others as they were locked")
    func one() async throws {
        _ = try await lock()
        try place.write("x", to: "plugins/acme/x")
        try place.write("x", to: "plugins/oven/x")
        let before = try #require(try PluginLock(ofDirectory: place.plugins))
        #expect(try await lock("acme").count == 1)
        let after = try #require(try PluginLock(ofDirectory: place.plugins))
        #expect(after.plugins["oven"] == before.plugins["oven"] && after.plugins["acme"] != before.plugins["acme"])
    }

    @Test("a .git and the lock of a plugin that is the directory itself are not part of it")
    func excluded() async throws {
        try place.shell("git init -q plugins/acme")
        _ = try await lock()
        try place.shell("date > plugins/acme/.git/something")
        #expect(try await lock()[0].description.hasPrefix("unchanged "))
        let itself = "\(place.plugins)/oven"
        for change in ["locked ", "unchanged "] {
            let changes = try await PluginDirectory.changing(itself) { try $0.relock([], from: try $0.lock()) }
            #expect(changes.map(\.description).allSatisfy { $0.hasPrefix(change) } && changes.count == 1)
        }
    }

    @Test(
        "refuses a name that is not there, with a near one, a plugin that is there twice, and a directory without any")
    func refusals() async throws {
        #expect(await refusal("acne") == "acne: no such plugin in \(place.plugins); did you mean \"acme\"?")
        try place.shell("cp -r plugins/acme plugins/other; sed -i 's/Acme/Other/' plugins/other/plugin.json")
        #expect(
            await refusal() == """
                \(place.plugins): the plugin acme is there twice, in \(place.plugins)/acme and \(place.plugins)/other; \
                remove one of them
                """)
        try place.shell("rm -r plugins/*")
        #expect(await refusal() == "\(place.plugins): there is no plugin to lock")
        #expect(place.names("plugins") == [])
    }

    @Test("keeps the lock's mode, and leaves nothing beside it; a lock that is a link is not written through")
    func file() async throws {
        _ = try await lock()
        try place.shell("chmod 600 plugins/plugins.lock")
        try place.write("x", to: "plugins/acme/x")
        _ = try await lock()
        #expect(mode(of: "\(place.plugins)/plugins.lock") == S_IFREG | 0o600)
        #expect(place.text("plugins/plugins.lock")?.contains("\"x\": \"F-") == true)
        #expect(place.names("plugins") == ["acme", "oven", "plugins.lock"])
        try place.shell("mv plugins/plugins.lock kept; cp kept before; ln -s ../kept plugins/plugins.lock")
        try place.write("y", to: "plugins/acme/x")
        let error = await #expect(throws: TrustError.self) { try await lock() }
        #expect(error?.description.contains("plugins.lock: is no regular file") == true)
        #expect(place.text("kept") == place.text("before"))
    }

    @Test("the top of the machine is no directory of plugins", arguments: ["/", "/usr/.."])
    func top(path: String) async {
        let error = await #expect(throws: TrustError.self) { try await PluginDirectory.changing(path) { _ in } }
        #expect(error?.description == "/: is no place for plugins; name another directory")
    }

    @Test("one at a time changes a directory, and what a killed one left is removed")
    func alone() async throws {
        try place.shell("mkdir -p plugins/.penstock-dead/plugin; chmod 500 plugins/.penstock-dead")
        try await PluginDirectory.changing(place.plugins) { directory in
            #expect(place.names("plugins") == ["acme", "oven"])
            let second = await #expect(throws: TrustError.self) {
                try await PluginDirectory.changing(place.plugins) { _ in }
            }
            #expect(second?.description.contains("somebody else is changing its plugins just now") == true)
            try directory.makeStaging()
        }
        #expect(place.names("plugins") == ["acme", "oven"])
    }
}
