import Conformance
import Testing

@testable import Authoring

@Suite("Where a plugin is installed from")
struct SourceTests {
    @Test(
        "a git URL is one, with what follows the last @ of its path for a revision",
        arguments: [
            ("https://host/a/b.git", "https://host/a/b.git", nil),
            ("https://host/a/b@v1.0", "https://host/a/b", "v1.0"),
            ("https://me@host/b", "https://me@host/b", nil),
            ("ssh://git@host:22/b@main", "ssh://git@host:22/b", "main"),
            ("https://host/@scope/b", "https://host/@scope/b", nil), ("https://host/b@a/b", "https://host/b", "a/b"),
            ("https://host/@scope/b@v1", "https://host/@scope/b", "v1"),
            ("git://host/b@0123abc", "git://host/b", "0123abc"),
            ("git@host:b.git", "git@host:b.git", nil), ("git@host:a/b.git@v1", "git@host:a/b.git", "v1"),
            ("file:///none/b@v1", "file:///none/b", "v1"),
        ] as [(String, String, String?)])
    func urls(text: String, url: String, revision: String?) throws {
        #expect(try PluginSource(text) == .repository(url: url, revision: revision))
    }

    @Test("a password is not shown")
    func password() throws {
        #expect(try PluginSource("https://me:secret@host/b@v1").description == "https://me:****@host/b@v1")
    }

    @Test(
        "a directory and a file are found as they are, with an @ in the name, too, or as a repository with a revision")
    func local() throws {
        let place = try Place()
        let path = try #require(realPath(place.path))
        try place.shell("mkdir a@b repository; touch x.zip; mkfifo pipe; ln -s a@b link; ln -s / whole")
        #expect(try PluginSource("\(place.path)/a@b") == .directory("\(path)/a@b"))
        #expect(try PluginSource("\(place.path)/link/") == .directory("\(path)/a@b"))
        #expect(try PluginSource("file://\(path)/a@b") == .repository(url: "file://\(path)/a@b", revision: nil))
        #expect(try PluginSource("\(place.path)/x.zip") == .archive("\(path)/x.zip"))
        #expect(
            try PluginSource("\(place.path)/repository@v1")
                == .repository(url: "file://\(path)/repository", revision: "v1"))
        for text in ["/", "/usr/..", "\(place.path)/whole"] {
            let error = #expect(throws: TrustError.self) { try PluginSource(text) }
            #expect(error?.description == "\(text): is the whole machine; name the folder of one plugin")
        }
        let pipe = #expect(throws: TrustError.self) { try PluginSource("\(place.path)/pipe") }
        #expect(pipe?.description.hasSuffix("is neither a directory nor a file") == true)
    }

    @Test(
        "what is nothing of that is refused with what there is",
        arguments: [
            "none", "https://", "https://host", "https:///path", "http://host/path", "ext::sh -c id", "ftp://host/x",
            "ssh://-oProxyCommand=id/x", "-oProxyCommand=id@host:x", "file://host/path", "https://host/a b", "a:b", "@",
            "x.zip@v1",
        ])
    func unknown(text: String) {
        let error = #expect(throws: TrustError.self) { try PluginSource(text) }
        #expect(
            error?.description.hasPrefix("\(text): is no directory and no archive that is there, and no git URL")
                == true)
    }

    @Test(
        "a revision that git could take for something else is refused",
        arguments: ["--upload-pack=id", "a..b", "a:b", "a^b", "", "-x", "a/"])
    func revisions(revision: String) {
        let error = #expect(throws: TrustError.self) { try PluginSource("https://host/x@\(revision)") }
        #expect(error?.description.contains("\"\(revision)\" cannot be a revision") == true)
    }
}
