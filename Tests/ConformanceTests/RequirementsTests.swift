import Conformance
import Foundation
import Jansson
import Testing

/// `spec/` of this checkout.
let spec = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "spec")

func requirements() throws -> Requirements {
    let text = [UInt8](try Data(contentsOf: spec.appending(path: "requirements/1.0.json")))
    return try Requirements(JSON(parsing: text, maximumDepth: 8))
}

@Suite("Requirements")
struct RequirementsTests {
    @Test("the frozen set of 1.0 has 100 rules")
    func frozen() throws {
        let set = try requirements()
        #expect(set.revision == "1.0")
        #expect(set.rules.count == 100)
        #expect(set["RES-13"]?.keyword.isBinding == false)
    }
}
