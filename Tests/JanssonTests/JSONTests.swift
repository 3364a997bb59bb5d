import Jansson
import Testing

@Suite("JSON")
struct JSONTests {
    @Test(
        "a document survives writing and reading",
        arguments: [
            #"{"a":[1,2.5,-3,true,false,null],"b":{"c":"é\n\"\\ \u0000"}}"#, #""""#, "0.1", "[]", "{}", "1.0", "1e+300",
        ])
    func roundTrip(text: String) throws {
        let parsed = try JSON(parsing: text)
        #expect(try JSON(parsing: parsed.serialized) == parsed)
    }

    @Test("reals are written with as few digits as they need, and keys sorted")
    func compact() {
        #expect(JSON.object(["b": .real(0.1), "a": .integer(1)]).text == #"{"a":1,"b":0.1}"#)
    }

    @Test(
        "what is not strict JSON is refused",
        arguments: [
            #"{"a":1,"a":2}"#, "[1,]", "NaN", "// c\n1", "\u{FEFF}1", "1 2", #""\ud800""#, "\"\u{1}\"", "", "1e400",
            "9223372036854775808", "{'a':1}",
        ])
    func strict(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
    }

    @Test("invalid UTF-8 is refused")
    func invalidUTF8() {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test("a syntax error names its line and column")
    func place() {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: "{\n  \"a\": x\n}") }
        do { _ = try JSON(parsing: "{\n  \"a\": x\n}") } catch { #expect(error.line == 2) }
    }

    @Test("a depth bomb is refused before it is parsed, and brackets in strings do not count")
    func depth() throws {
        let bomb = String(repeating: "[", count: 1_000_000)
        do { _ = try JSON(parsing: bomb, maximumDepth: 32) } catch {
            #expect(error.message == "nested deeper than 32 levels")
            #expect(error.byteOffset == 32)
        }
        #expect(try JSON(parsing: #"["[[[\"[["]"#, maximumDepth: 1) == ["[[[\"[["])
    }

    @Test("a reader's errors name path, expectation and finding")
    func reader() throws {
        let reader = JSONReader(try JSON(parsing: #"{"a":[{"b":1}],"n":null}"#))
        let b = try reader.required("a").elements()[0].required("b")
        #expect(throws: JSONTypeError(path: "a[0].b", problem: "must be a string, found an integer")) {
            try b.string()
        }
        #expect(try reader.optional("n")?.value == nil)
        #expect(throws: JSONTypeError(path: "x", problem: "is required")) { try reader.required("x") }
        #expect(throws: JSONTypeError(path: "a", problem: "is not a known key; did you mean \"as\"?")) {
            try reader.refuseUnknownMembers(known: ["as", "n"])
        }
    }

    struct Sample: Codable, Hashable {
        enum Kind: Codable, Hashable { case plain, named(String, count: Int) }
        var kinds: [Kind]
        var table: [String: Double]
        var none: Int?
    }

    @Test("a Codable value survives coding")
    func coding() throws {
        let sample = Sample(
            kinds: [.plain, .named("x", count: 3)], table: ["k": 0.5], none: nil)
        let json = try JSON(encoding: sample)
        #expect(try JSON(parsing: json.serialized).decoded(as: Sample.self) == sample)
        #expect(throws: DecodingError.self) { try JSON.object([:]).decoded(as: Sample.self) }
    }
}
