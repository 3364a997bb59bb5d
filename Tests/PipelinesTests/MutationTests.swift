import Dice
import Jansson
import Pipelines
import Testing

struct MutationTests {
    @Test(arguments: 0..<20)
    func `A mutated definition is judged and never crashes, and what was read is written back the same`(seed: UInt64) {
        var random = Dice(state: seed)
        for _ in 0..<100 {
            var document = sample
            for _ in 0...Int.random(in: 0...4, using: &random) { document = document.mutated(with: &random) }
            let (pipeline, findings) = Pipeline.judge(document)
            #expect(Pipeline.read(pipeline.json).pipeline == pipeline)
            #expect(findings.allSatisfy { !$0.rule.isEmpty && !$0.message.isEmpty })
            if case .object = document {} else { #expect(findings.count == 1) }
        }
    }
}

extension JSON {
    fileprivate func mutated(with random: inout Dice) -> JSON {
        switch self {
        case .object(var members) where !members.isEmpty && Int.random(in: 0..<8, using: &random) > 0:
            let key = members.keys.sorted().randomElement(using: &random)!
            switch Int.random(in: 0..<6, using: &random) {
            case 0: members[key] = nil
            case 1: members[key + "x"] = members[key]
            default: members[key] = members[key]?.mutated(with: &random)
            }
            return .object(members)
        case .array(var elements) where !elements.isEmpty && Int.random(in: 0..<8, using: &random) > 0:
            let index = elements.indices.randomElement(using: &random)!
            switch Int.random(in: 0..<6, using: &random) {
            case 0: elements.remove(at: index)
            case 1: elements.append(elements[index])
            default: elements[index] = elements[index].mutated(with: &random)
            }
            return .array(elements)
        default: return rubbish.randomElement(using: &random)!
        }
    }
}

private let rubbish: [JSON] = [
    .null, true, 0, -1, .integer(.max), .real(1e300), "", "Source", "#{a.b}", "\u{0}", "é", [], [:], [[]], [.null],
    ["": ""],
    .string(String(repeating: "x", count: 2000)), ["name": ["name": "x"]],
]
