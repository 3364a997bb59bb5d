import Definitions
import Jansson
import Testing

struct BombTests {
    private func problem(_ text: String, file: String) -> String {
        do throws(DocumentError) {
            _ = try parseDocument(Array(text.utf8), file: file)
            return "none"
        } catch {
            return error.problem
        }
    }

    @Test(arguments: [
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
        String(repeating: "[", count: 129) + String(repeating: "]", count: 129),
    ])
    func `JSON that is nested too deep is refused`(text: String) {
        #expect(problem(text, file: "x.json") == "is not valid JSON: nested deeper than 128 levels")
    }

    @Test(arguments: [
        String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 100_000),
        String(repeating: "[", count: 999) + String(repeating: "]", count: 999),
        String(repeating: "[", count: 129) + String(repeating: "]", count: 129),
        String(repeating: "- ", count: 100_000), String(repeating: "- ", count: 900),
        String(repeating: "? ", count: 100_000),
        (0..<1500).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
        (0..<200).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
        // Each alias is one level; the anchors together are many.
        "- &a0 [x]\n" + (1..<500).map { "- &a\($0) [*a\($0 - 1)]\n" }.joined(),
    ])
    func `YAML that is nested too deep is refused, whatever the nesting is made of`(text: String) {
        #expect(problem(text, file: "x.yaml") == "is nested deeper than 128 levels; make it flatter")
    }

    @Test func `A nesting of 128 levels is read from both`() throws {
        let text = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(try parseDocument(Array(text.utf8), file: "x.json") == parseDocument(Array(text.utf8), file: "x.yaml"))
    }

    @Test(arguments: ["", "? *k\n: x\n", "z: {*k}\n", "z: {[*k], {a: *k}}\n", "? - *k\n: x\n"])
    func `An alias bomb is refused, also when it hides in a key`(ending: String) {
        var text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        for (last, next) in zip("abcdefghij", "bcdefghijk") {
            text += "\(next): &\(next) [\(Array(repeating: "*\(last)", count: 10).joined(separator: ", "))]\n"
        }
        #expect(problem(text + ending, file: "x.yaml") == "has more than 250000 values once its aliases are put in")
    }

    @Test func `A bomb of few values and much text is refused`() {
        let text = "a: &a \(String(repeating: "x", count: 1 << 20))\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
        #expect(problem(text, file: "x.yaml") == "has more than 10485760 bytes of text once its aliases are put in")
    }
}
