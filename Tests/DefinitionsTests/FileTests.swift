import Definitions
import Glibc
import Jansson
import Testing

struct FileTests {
    @Test func `A file of 100 MB is refused with its size and the limit, before it is read`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("big.json", "{", sizeBytes: 100 << 20)
        #expect(problem(of: file) == "has 104857600 bytes; documents of at most 10485760 bytes are read")
    }

    @Test func `What has no size beforehand is read up to the limit only`() {
        #expect(problem(of: "/dev/zero") == "is longer; documents of at most 10485760 bytes are read")
    }

    @Test func `YAML has a limit of its own`() {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: (2 << 20) + 1)
        #expect(
            throws: DocumentError(
                file: "x.yaml",
                problem: "has 2097153 bytes; YAML of at most 2097152 bytes is read, JSON of at most 10485760")
        ) { try parseDocument(bytes, file: "x.yaml") }
    }

    @Test func `A missing file, a directory and a file below a file each have their message`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("x.json")
        #expect(problem(of: "\(folder.path)/no.json") == "does not exist")
        #expect(problem(of: folder.path) == "is a directory; name a file in it")
        #expect(problem(of: "\(file)/y") == "does not exist: a part of the path is not a directory")
    }

    @Test(.disabled(if: geteuid() == 0, "root may read every file"))
    func `A file without permission has its message`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("x.json", "{}", mode: 0)
        #expect(problem(of: file) == "may not be read by this user; change its permissions")
    }

    @Test(arguments: [
        ("a.json", "{\"a\": 1}"), ("a.yaml", "a: 1"), ("a.YML", "a: 1"), ("a", " {\"a\": 1}"), ("a.txt", "a: 1"),
        ("a.b", "---\na: 1\n"), ("bom.json", "\u{FEFF}{\"a\": 1}"), ("bom.yaml", "\u{FEFF}a: 1"),
    ])
    func `The format follows from the extension, else from the content`(name: String, text: String) throws {
        let folder = try TemporaryFolder()
        #expect(try readDocument(at: try folder.file(name, text)) == ["a": 1])
    }

    @Test(arguments: [
        ("x.json", "", "x.json: is empty"), ("x.json", " \n", "x.json: is empty"),
        (
            "x.json", "{\n\"a\": 1,\n\"a\": 2}",
            "x.json:3: is not valid JSON: duplicate object key near '\"a\"' (column 3)"
        ),
        ("x.json", "{\n  a: 1}", "x.json:2: is not valid JSON: string or '}' expected near 'a' (column 3)"),
        ("x.yaml", "", "x.yaml: is empty"),
        ("x.yaml", "# nothing\n", "x.yaml: is empty"),
        ("x.yaml", "a: 1\nb: 2\na: 3\n", "x.yaml:1: has the key \"a\" more than once in one object; remove one"),
        ("x.yaml", "a: 1\n---\nb: 1\n", "x.yaml:3: has a second document; write one document a file"),
        ("x.yaml", "a: 1\n\tb: 2\n", "x.yaml:2: is not valid YAML: "),
        (
            "x.yaml", "a: !Ref Bucket",
            "x.yaml:1: has the tag !Ref; tags are not understood here, write the value without it"
        ),
        ("x.yaml", "a: !!int \"1\"", "x.yaml:1: has the tag tag:yaml.org,2002:int; tags"),
        ("x.yaml", "a: !X [1]", "x.yaml:1: has the tag !X; tags"),
        ("x.yaml", "a:\n  1: x", "x.yaml:2: has the key 1, which is no string; put it in quotes"),
        ("x.yaml", "a:\n  true: x", "x.yaml:2: has the key true, which is no string; put it in quotes"),
        ("x.yaml", "a:\n  ? [x]\n  : y", "x.yaml:2: has a key that is no string"),
        ("x.yaml", "a: *none", "x.yaml:1: has the alias *none, but no anchor &none before it"),
        ("x.yaml", "a: &x [*x]", "x.yaml:1: has the alias *x, but no anchor &x before it"),
        ("x.yaml", "a: &x y\n*x : z", "x.yaml:2: has the alias *x as a key; write the key itself"),
        (
            "x.yaml", "a: *b c",
            "x.yaml:1: has the value *b c, which starts with \"*\" as an alias does; put it in quotes"
        ),
        ("x.yaml", "a: *.js", "x.yaml:1: is not valid YAML: "),
        ("x.yaml", "a: @b", "x.yaml:1: is not valid YAML: "),
    ])
    func `A text that is no document is refused with file, line and fault`(file: String, text: String, message: String)
    {
        #expect { try parseDocument(Array(text.utf8), file: file) } throws: {
            let description = String(describing: $0)
            return message.hasSuffix(" ") || message.hasSuffix("tags")
                ? description.hasPrefix(message) : description == message
        }
    }

    @Test(
        arguments: [
            ([0xFF, 0xFE, 0x7B, 0x00], "is UTF-16 text; save it as UTF-8"),
            ([0x61, 0x3A, 0x20, 0xFF], "is not UTF-8 text; save it as UTF-8"),
        ] as [([UInt8], String)])
    func `A text of another encoding is refused`(bytes: [UInt8], problem: String) {
        #expect(throws: DocumentError(file: "x.yaml", problem: problem)) { try parseDocument(bytes, file: "x.yaml") }
    }

    @Test(arguments: ["x.json", "x.yaml", "x"])
    func `Rubbish is refused or read, and never crashes`(file: String) {
        var state: UInt64 = 1
        for length in 0..<400 {
            let bytes = (0..<length).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let choice = Array("{}[]:,-?*&!|>'\"%@#\n \tab01\\".utf8)
                return state >> 60 == 0
                    ? UInt8(truncatingIfNeeded: state >> 33) : choice[Int((state >> 33) % UInt64(choice.count))]
            }
            do {
                _ = try parseDocument(bytes, file: file)
            } catch {
                #expect(error.file == file && !error.problem.isEmpty)
            }
        }
    }

    private func problem(of file: String) -> String? {
        do throws(DocumentError) {
            _ = try readDocument(at: file)
            return nil
        } catch {
            #expect(error.file == file)
            return error.problem
        }
    }
}
