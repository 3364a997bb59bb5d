import Testing

@testable import PluginHost

private let secret = #"p4ss/w+rd "é' \x"#

@Suite("The masker (HST-13)")
struct MaskerTests {
    @Test(
        "hides a secret in every encoding",
        arguments: [
            ("raw", secret),
            ("JSON", #"p4ss/w+rd \"é' \\x"#), ("JSON with escaped slash", #"p4ss\/w+rd \"é' \\x"#),
            ("JSON in ASCII", #"p4ss/w+rd \"\u00e9' \\x"#),
            ("URI", "p4ss%2Fw%2Brd%20%22%C3%A9%27%20%5Cx"),
            ("URI in lower case", "p4ss%2fw%2brd%20%22%c3%a9%27%20%5cx"),
            ("URI as Python", "p4ss/w%2Brd%20%22%C3%A9%27%20%5Cx"),
            ("URI as JavaScript", "p4ss%2Fw%2Brd%20%22%C3%A9'%20%5Cx"), ("form", "p4ss%2Fw%2Brd+%22%C3%A9%27+%5Cx"),
            ("shell", #"p4ss/w+rd "é'\'' \x"#), ("shell as Python", #"p4ss/w+rd "é'"'"' \x"#),
        ])
    func encodings(name: String, text: String) {
        let masker = Masker(secrets: ["Token": secret])
        #expect(masker.mask("a \(text) b") == "a *** b", "\(name)")
    }

    @Test(
        "hides a secret in base64 at each alignment, less the characters that its neighbours change",
        arguments: [
            // base64 of "hunter2-hunter2" behind 0, 1 and 2 bytes, and of one with characters 62 and 63.
            ("hunter2-hunter2", "aHVudGVyMi1odW50ZXIy", "***"),
            ("hunter2-hunter2", "Omh1bnRlcjItaHVudGVyMg==", "Om***g=="),
            ("hunter2-hunter2", "dTpodW50ZXIyLWh1bnRlcjI=", "dTp***I="), ("~~~???>>>", "fn5+Pz8/Pj4+", "***"),
            ("~~~x??>>>", "fn5-eD8_Pj4-", "***"),
        ])
    func base64(secret: String, text: String, expected: String) {
        let masker = Masker(secrets: ["Token": secret])
        #expect(masker.mask(text) == (secret == "~~~???>>>" ? text : expected))
    }

    @Test("hides a long secret as one, also where only a part of it stands")
    func long() {
        let secret = (0..<400).map { "\($0 * 7919)" }.joined()
        let masker = Masker(secrets: ["Key": secret])
        #expect(masker.mask("a \(secret) b") == "a *** b")
        #expect(masker.mask("a \(secret.prefix(64)) b") == "a *** b")
        #expect(masker.mask("a \(secret.prefix(63)) b") == "a \(secret.prefix(63)) b")
        #expect(masker.holdsSecret("x\(secret.suffix(64))"))
    }

    @Test("is not held up by secrets that were made for it", arguments: ["period", "almost a period", "beginnings"])
    func hostile(kind: String) {
        let run = String(repeating: "a", count: 15_000)
        let alike = (10_000..<12_000).map { "aaaa\($0)" }.joined(separator: "\n")
        let secret = kind == "beginnings" ? alike : kind == "period" ? run : run + "b"
        var masker = Masker()
        masker.register(secret, name: "s")
        // Compared needle by needle, each of these would take minutes.
        #expect(masker.mask(run + "a\n" + secret).hasSuffix("***"))
    }

    @Test("hides each line of a secret of several lines, and the whole without its last line feed")
    func lines() {
        let masker = Masker(secrets: ["Key": "-----BEGIN-----\r\nAbCdEfGh\nshort\n"])
        #expect(masker.mask("x AbCdEfGh y") == "x *** y")
        #expect(masker.mask("short") == "short")
        #expect(masker.mask("-----BEGIN-----\r\nAbCdEfGh\nshort") == "***")
        #expect(masker.mask(#""-----BEGIN-----\r\nAbCdEfGh\nshort""#) == #""***""#)
    }

    @Test("hides the texts of a JSON secret, but no punctuation of it")
    func structured() {
        let masker = Masker(secrets: ["Db": #"{"user":"administrator","password":"hunter22","list":["abc","abcdef1"]}"#]
        )
        #expect(masker.mask("hunter22 administrator abcdef1 abc {") == "*** *** *** abc {")
        #expect(masker.mask("aHVudGVyMjI=") == "***I=")
    }

    @Test("does not hide what is too short or only punctuation, and names it")
    func unmaskable() {
        let masker = Masker(secrets: ["A": "12345", "B": "{[]}--", "C": "", "D": "ééééé", "E": "123456"])
        #expect(masker.unmaskable == ["A", "B", "D"])
        #expect(masker.mask("12345 {[]}-- ééééé 123456") == "12345 {[]}-- ééééé ***")
    }

    @Test("hides overlapping secrets as one")
    func overlap() {
        let masker = Masker(secrets: ["A": "abcdefgh", "B": "fghijklmn", "C": "cdefgh"])
        #expect(masker.mask("xabcdefghijklmnx") == "x***x")
        #expect(masker.mask("xabcdefghcdefghx") == "x******x")
    }

    @Test("catches a secret that is split anywhere over two or three reads")
    func windows() {
        let masker = Masker(secrets: ["A": "abcdef-abcdefg", "B": "defg and more"])
        let text = Array("begin abcdef-abcdefg and more, abcdef-abcde end".utf8)
        let whole = masker.mask(text)
        #expect(String(decoding: whole, as: UTF8.self) == "begin ***, abcdef-abcde end")
        for first in text.indices {
            for second in first..<text.count {
                var window = MaskingWindow()
                var output = window.append(Array(text[..<first]), masker)
                output += window.append(Array(text[first..<second]), masker)
                output += window.append(Array(text[second...]), masker)
                output += window.finish(masker)
                #expect(output == whole, "split at \(first) and \(second)")
            }
        }
    }

    @Test("holds nothing back of a line that cannot be the beginning of a secret")
    func holdsLittle() {
        let masker = Masker(secrets: ["A": "abcdefgh"])
        var window = MaskingWindow()
        #expect(window.append(Array("x abc\n".utf8), masker) == Array("x abc\n".utf8))
        #expect(window.append(Array("x abc".utf8), masker) == Array("x ".utf8))
        #expect(window.append(Array("d\n".utf8), masker) == Array("abcd\n".utf8))
    }

    @Test("knows a secret of 12 or more characters in a result, and a shorter one that is all of it")
    func output() {
        let masker = Masker(secrets: ["A": "elevenchars", "B": "twelve-chars"])
        #expect(!masker.holdsSecret("x elevenchars"))
        #expect(masker.holdsSecret("elevenchars"))
        #expect(masker.holdsSecret("x twelve-chars"))
        #expect(masker.holdsSecret("dHdlbHZlLWNoYXJz"))
        #expect(!Masker().holdsSecret("twelve-chars"))
    }
}
