import Dice
import Testing

@testable import PluginHost

/// What a masker is, said as plainly as can be: every needle at every place, whatever it costs.
private func plainlyMasked(_ text: [UInt8], _ needles: [[UInt8]]) -> [UInt8] {
    var (output, covered) = ([UInt8](), 0)
    for index in text.indices {
        let length = needles.filter { text[index...].starts(with: $0) }.map(\.count).max() ?? 0
        if length > 0 {
            if index >= covered { output += "***".utf8 }
            covered = max(covered, index + length)
        }
        if index >= covered { output.append(text[index]) }
    }
    return output
}

@Suite("The masker compared with a plain one (HST-13)")
struct MaskerLawTests {
    /// Of few letters, so that needles overlap and begin alike; short enough to be looked for in one piece.
    private func secret(_ dice: inout Dice) -> String {
        let letters = dice.isOne(of: 2) ? "ab" : "ab/+ \"'é\\\n?"
        return String((0..<Int.random(in: 6...16, using: &dice)).map { _ in letters.randomElement(using: &dice)! })
    }

    private func text(_ secrets: [String], _ dice: inout Dice) -> [UInt8] {
        var text: [UInt8] = []
        for _ in 0..<Int.random(in: 1...12, using: &dice) {
            let secret = secrets.randomElement(using: &dice)!
            let form = encodings(of: secret).sorted { $0.lexicographicallyPrecedes($1) }.randomElement(using: &dice)!
            switch Int.random(in: 0..<4, using: &dice) {
            case 0: text += form
            case 1: text += form.prefix(Int.random(in: 0...form.count, using: &dice))
            case 2: text += form.dropFirst(Int.random(in: 0...form.count, using: &dice))
            default: text += "ab a\n".utf8
            }
        }
        return text
    }

    @Test(
        "all at once, in every encoding, and split into two reads anywhere, it masks the same",
        arguments: UInt64(0)..<60)
    func same(seed: UInt64) {
        var dice = Dice(state: seed)
        let secrets = (0..<Int.random(in: 1...6, using: &dice)).map { _ in secret(&dice) }
        var masker = Masker()
        var needles: Set<[UInt8]> = []
        for secret in secrets where masker.register(secret, name: "s") {
            let trimmed = trimmed(secret)
            for value in [secret, trimmed] where Masker(secrets: ["s": value]).unmaskable == [] {
                needles.formUnion(encodings(of: value).filter { $0.count >= 6 })
                let lines = value.split { $0.isNewline }.map(String.init)
                for line in lines where Masker(secrets: ["s": line]).unmaskable == [] {
                    needles.insert(Array(line.utf8))
                }
            }
        }
        let text = text(secrets, &dice)
        // A plain one has no pieces.
        guard needles.allSatisfy({ $0.count <= Needles.pieceBytes }) else { return }
        let wanted = plainlyMasked(text, Array(needles))
        #expect(masker.mask(text) == wanted)
        for place in 0...text.count {
            var window = MaskingWindow()
            let told =
                window.append(Array(text[..<place]), masker) + window.append(Array(text[place...]), masker)
                + window.finish(masker)
            #expect(told == wanted, "split at \(place) of \(text.count)")
        }
        var window = MaskingWindow()
        #expect(text.flatMap { window.append([$0], masker) } + window.finish(masker) == wanted, "byte by byte")
    }

    private func trimmed(_ text: String) -> String {
        let start = text.drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }

    @Test("with thousands of needles each is still found, and nothing else is")
    func many() {
        let secrets = Dictionary(uniqueKeysWithValues: (0..<300).map { ("s\($0)", "needle-\($0 * 7_919)-\($0)") })
        let masker = Masker(secrets: secrets)
        for secret in secrets.values { #expect(masker.mask("<\(secret)> needle-") == "<***> needle-") }
    }
}
