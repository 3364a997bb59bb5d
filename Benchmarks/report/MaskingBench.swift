import Glibc
import PluginHost

/// How fast a log is masked with 50 secrets: ordinary lines, of which one in a thousand holds one.
enum MaskingBench {
    private static let secrets = Dictionary(
        uniqueKeysWithValues: (0..<50).map { number in
            var dice = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
            let text = (0..<28).map { _ in
                dice = dice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[Int(dice >> 58)]
            }
            return ("secret \(number)", text.joined())
        })

    static func report() -> String {
        let masker = Masker(secrets: secrets)
        let blocks = (0..<64).map(block)
        let bytes = blocks.reduce(0) { $0 + $1.count }
        var (series, told) = (Series(), 0)
        for _ in 0..<7 {
            let began = nanoseconds()
            told = blocks.reduce(0) { $0 + masker.mask($1).count }
            series.add(Double(bytes) * 1e3 / Double(nanoseconds() - began))
        }
        precondition(told < bytes, "secrets have been replaced")
        return "masking with 50 secrets, MB a second             \(series.text)   aim: at least 300"
    }

    /// As much as is read at once.
    private static func block(_ number: Int) -> [UInt8] {
        var text: [UInt8] = []
        while text.count < 64 << 10 {
            let line = number * 1_000 + text.count
            text +=
                "2026-11-24T01:02:03.\(line)Z [INFO] compiling module \(line % 977) of the shop: 12 files, ok\n".utf8
            if line % 1_000 == 0 { text += "password=\(secrets["secret \(line / 1_000 % 50)"]!)\n".utf8 }
        }
        return text
    }

    /// Of this thread, which nobody else's work disturbs.
    private static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

extension String {
    fileprivate subscript(place: Int) -> String { String(self[index(startIndex, offsetBy: place)]) }
}
