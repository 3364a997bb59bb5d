import Foundation
import Jansson
import PluginProtocol
import Testing

@testable import PluginHost

@Suite("The lock of a directory of plugins")
struct PluginLockTests {
    private let one = String(repeating: "1", count: 64)
    private let two = String(repeating: "2", count: 64)

    private func entry(_ files: [String: String], version: String = "1", sha256: String? = nil) -> PluginLock.Entry {
        PluginLock.Entry(version: version, sha256: sha256 ?? one, files: files)
    }

    private func plugin() throws -> Plugin {
        Plugin(manifest: try parsed(manifest()), directory: "/srv/my plugins/acme", origin: "/srv/my plugins")
    }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try PluginLock(parsing: Array(text.utf8), file: "plugins.lock")
            return []
        } catch {
            return error.problems
        }
    }

    @Test("is read as it was written")
    func roundTrip() throws {
        let lock = PluginLock(plugins: [
            "acme": entry(["run": "Fx\(one)", "data": "F-\(two)", "lib": "D", "a b": "Lrun", "pipe": "O"]),
            "empty": entry([:], version: "2"),
        ])
        #expect(try PluginLock(parsing: lock.json.serialized, file: "f") == lock)
        #expect(try PluginLock(parsing: Array(lock.json.prettyPrinted.utf8), file: "f") == lock)
    }

    @Test("that somebody edited is refused with every wrong member, its place, its value and what it should be")
    func edited() {
        let text = #"""
            {"lockVersion": "1", "plugin": {}, "plugins": {
              "a": {"version": 7, "sha256": "ABC", "files": {"run": "Fy12", "lib": 3, "x": "", "y": "L"}},
              "b": {"version": "1", "sha": "\#(one)"}, "c": []}}
            """#
        let record = "Fx or F- and 64 hexadecimal digits, or D, or O, or L and the target of a link"
        #expect(
            Set(problems(text)) == [
                "lockVersion must be 1, found \"1\"", "plugin is not a known key; did you mean \"plugins\"?",
                "plugins.a.version must be a string, found an integer",
                "plugins.a.sha256 must be 64 hexadecimal digits, lower case, found \"ABC\"",
                "plugins.a.files.run must be \(record), found \"Fy12\"",
                "plugins.a.files.lib must be a string, found an integer",
                "plugins.a.files.x must be \(record), found \"\"", "plugins.a.files.y must be \(record), found \"L\"",
                "plugins.b.sha is not a known key", "plugins.b.sha256 is required", "plugins.b.files is required",
                "plugins.c must be an object, found a list",
            ])
        #expect(problems("[]") == ["the document must be an object, found a list"])
        #expect(problems("{").first?.hasPrefix("is not strict JSON: line 1") == true)
        #expect(problems(#"{"lockVersion":1,"plugins":{"a":{},"a":{}}}"#).first?.contains("JSON") == true)
        #expect(problems(#"{"lockVersion":2,"plugins":{}}"#) == ["lockVersion must be 1, found 2"])
    }

    @Test("is none where there is no file, and no lock where there is something else")
    func absent() throws {
        let folder = TemporaryDirectory()
        #expect(try PluginLock(ofDirectory: folder.path) == nil)
        mkfifo("\(folder.path)/plugins.lock", 0o644)
        let error = #expect(throws: InvalidLock.self) { try PluginLock(ofDirectory: folder.path) }
        #expect(error?.description == "\(folder.path)/plugins.lock: is no regular file")
    }

    @Test("lets a plugin pass that is as it was, and refuses one that it does not have")
    func check() throws {
        let entry = entry(["run": "Fx\(one)"])
        try PluginLock(plugins: ["acme": entry]).check(plugin(), found: entry)
        let error = #expect(throws: Failure.self) { try PluginLock().check(plugin(), found: entry) }
        #expect(error?.hostCode == .lockMismatch && error?.type == .permissionError)
        #expect(
            error?.message == """
                plugin acme 1 is not in /srv/my plugins/plugins.lock, so it is not trusted. \
                If you trust it: penstock plugin lock acme --plugins '/srv/my plugins'
                """)
    }

    @Test("names what is different in a plugin, and the command for who trusts it")
    func different() throws {
        let old = entry(["run": "Fx\(one)", "gone": "D", "same": "D", "data": "F-\(one)"], version: "0.9")
        let new = entry(["run": "F-\(one)", "same": "D", "data": "F-\(two)", "new": "Lrun"], sha256: two)
        let error = #expect(throws: Failure.self) { try PluginLock(plugins: ["acme": old]).check(plugin(), found: new) }
        #expect(
            error?.message == """
                plugin acme is not what /srv/my plugins/plugins.lock has: version 0.9 → 1; changed data, run; \
                added new; removed gone. If you trust it as it is now: penstock plugin lock acme --plugins '/srv/my plugins'
                """)
    }

    @Test("says of a digest that only the lock can be wrong about that it was edited")
    func digestAlone() {
        let difference = PluginLock.Difference(from: entry([:]), to: entry([:], sha256: two))
        #expect(difference.description == "the sha256 of the whole, though no file differs: the lock was edited")
    }

    @Test("names a few of many files")
    func many() {
        let files = Dictionary(uniqueKeysWithValues: (10..<40).map { ("f\($0)", "D") })
        let difference = PluginLock.Difference(from: entry([:]), to: entry(files))
        #expect(difference.description == "added f10, f11, f12, f13 and 26 more")
    }

    @Test("the table of the contract has each code of the host beside its type")
    func table() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "spec/lifecycle.md"), encoding: .utf8)
        for type in Set(HostCode.allCases.map(\.failureType)) {
            let row = try #require(text.split(separator: "\n").first { $0.hasPrefix("| `\(type.rawValue)` | ") })
            let codes = row.matches(of: /`(\w+)`/).dropFirst().map { String($0.1) }
            #expect(Set(codes) == Set(HostCode.allCases.filter { $0.failureType == type }.map(\.rawValue)))
        }
    }
}
