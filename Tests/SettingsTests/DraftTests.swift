import Definitions
import Dice
import Jansson
import PluginHost
import Settings
import Testing

@Suite("A settings file to be completed")
struct DraftTests {
    private func read(_ draft: SettingsDraft) throws -> JSON {
        try parseDocument(Array(draft.yaml.utf8), file: "settings.yaml")
    }

    @Test("names are filled in, what is to be chosen is marked, and what may be set besides is a comment")
    func text() {
        var draft = SettingsDraft.object([:])
        draft.insert(
            .object(["url": .choice("where"), "key": .remark("a\nkey\u{1B}\u{9B}.")]),
            at: ["Git", "repositories", "a/b"])
        draft.insert(.object(["region": .remark("where")]), at: ["S3", "buckets", "on"])
        draft.insert(.value(["secret": "k"]), at: ["S3", "buckets", "site", "key"])
        draft.insert(.value("version: 0.2\n\n  indented\nend\n"), at: ["CodeBuild", "projects", "b", "buildspec"])
        draft.insert(.remark("a path"), at: ["grants", "git", "hostPaths", "repositories"])
        draft.insert(.value(true), at: ["grants", "other", "network"])
        draft.insert(.remark("tools"), at: ["grants", "other", "hostPaths", "tools"])
        #expect(
            draft.yaml == """
                CodeBuild:
                  projects:
                    b:
                      buildspec: |
                        version: 0.2

                          indented
                        end
                Git:
                  repositories:
                    "a/b":
                      # key: a key  .
                      url: "CHOOSE: where"
                S3:
                  buckets:
                    "on": {}
                      # region: where
                    site:
                      key: {"secret":"k"}
                grants:
                  # git:
                  #   hostPaths:
                  #     repositories: a path
                  other:
                    # hostPaths:
                    #   tools: tools
                    network: true

                """)
    }

    @Test("the file is one that settings are read from; nothing but what is chosen stands between it and a run")
    func accepted() throws {
        var draft = SettingsDraft.object([:])
        draft.insert(.object(["path": .choice("where")]), at: ["Local", "targets", "site"])
        draft.insert(.choice("the directories"), at: ["grants", "local-deploy", "hostPaths", "targets"])
        draft.addSecret("key")
        let settings = try Settings(try read(draft), path: "s", providers: ["Local"])
        #expect(settings.grants(of: "local-deploy").hostPaths == ["targets": ["CHOOSE: the directories"]])
        #expect(throws: (any Error).self) {
            try settings.entry(provider: "Local", collection: "targets", key: "site")
        }
        #expect(throws: (any Error).self) { try settings.secret(SecretRequest("key")) }
        #expect(try Settings(try read(.object([:])), path: "s", providers: []).grants(of: "x").hostPaths.isEmpty)
    }

    @Test("entries that need nothing are there, and the file can be read")
    func nothingNeeded() throws {
        var draft = SettingsDraft.object([:])
        draft.insert(.object(["region": .remark("where"), "deep": .object([:])]), at: ["S3", "buckets", "site"])
        draft.insert(.object(["region": .remark("where")]), at: ["S3", "buckets", "other"])
        draft.insert(.object([:]), at: ["CodeBuild", "projects", "b"])
        #expect(
            try read(draft) == [
                "S3": ["buckets": ["site": ["deep": [:]], "other": [:]]], "CodeBuild": ["projects": ["b": [:]]],
            ], "\(draft.yaml)")
    }

    @Test("what is there already is kept: two actions may need the same entry")
    func merging() {
        var draft = SettingsDraft.object([:])
        draft.insert(.value("known"), at: ["P", "c", "k", "a"])
        draft.insert(.object(["a": .choice("x"), "b": .choice("y")]), at: ["P", "c", "k"])
        #expect(
            draft == .object(["P": .object(["c": .object(["k": .object(["a": .value("known"), "b": .choice("y")])])])]))
    }

    @Test("every key and every text is read back as it was")
    func roundTrip() throws {
        var generator = Dice(state: 7)
        let letters = Array("ab:#-'\"{}[]|>*&!%@\\ \n\t~0yNo.é\u{7F}\u{9B}\u{1B}\u{2028}\u{2029}\u{FEFF}\u{FFFF}😀")
        for _ in 0..<3_000 {
            func text() -> String {
                let text = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                    letters.randomElement(using: &generator)!
                }
                // Yams drops a byte order mark that a scalar begins with.
                return String(text.drop { $0 == "\u{FEFF}" })
            }
            let (key, value) = (text(), text())
            var draft = SettingsDraft.object([:])
            draft.insert(.value(.string(value)), at: ["P", key, "entry"])
            #expect(try read(draft) == ["P": .object([key: ["entry": .string(value)]])], "\(draft.yaml)")
        }
    }
}
