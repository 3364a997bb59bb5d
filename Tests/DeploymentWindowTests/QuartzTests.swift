import Dice
import Foundation
import Testing

@testable import DeploymentWindow

/// Quartz itself, of Debian's libquartz2-java, is asked about generated expressions and instants.
///
/// `make quartz EXPRESSIONS=20000 SEED=7` sets the environment that this reads.
private let settings = ProcessInfo.processInfo.environment

/// Zones whose clocks are changed in many ways: by 30 minutes, at midnight, on other dates, never.
private let zones = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo",
    "Asia/Kathmandu", "Pacific/Auckland", "Asia/Beirut", "America/St_Johns",
]

private let firstInstant = 1_609_459_200  // 2021, of which Java and Foundation have the same rules
private let yearSeconds = 31_556_952

@Suite("Quartz", .enabled(if: settings["PENSTOCK_QUARTZ_EXPRESSIONS"] != nil))
struct QuartzTests {
    @Test("an expression that is accepted selects the minutes that Quartz selects (CND-10)")
    func agrees() throws {
        var random = Dice(state: settings["PENSTOCK_QUARTZ_SEED"].flatMap { UInt64($0) } ?? 1)
        let questions = (0..<(Int(settings["PENSTOCK_QUARTZ_EXPRESSIONS"] ?? "") ?? 0)).map { _ in
            Question(&random)
        }
        // What Quartz is not asked: it accepts a day 0 for instance, and looks for it forever.
        let asked = questions.filter { (try? CronExpression($0.expression)) != nil }
        let answers = try quartz(asked)
        #expect(answers.count == asked.count && asked.count > questions.count / 2)
        var doubtful: [Question] = []
        for (question, answer) in zip(asked, answers) { doubtful += try compare(question, answer) }
        for (question, answer) in zip(doubtful, try quartz(doubtful)) {
            #expect(answer.hasPrefix("1:"), "\(question.instants[0]): \(question)")
        }
        print("\(asked.count) of \(questions.count) expressions, \(asked.count * Question.instants) instants")
    }

    /// - Returns: what Quartz is to be asked again.
    private func compare(_ question: Question, _ answer: String) throws -> [Question] {
        let cron = try CronExpression(question.expression)
        let zone = try #require(TimeZone(identifier: question.zone))
        let offset = { (instant: Int) in zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(instant))) }
        let theirs = answer.split(separator: " ").map { $0.split(separator: ":").compactMap { Int($0) } }
        guard theirs.count == question.instants.count, theirs.allSatisfy({ $0.count == 2 }) else {
            Issue.record("Quartz: \(answer): \(question)")
            return []
        }
        var doubtful: [Question] = []
        for (instant, theirs) in zip(question.instants, theirs) {
            #expect(cron.contains(instant, offset: offset) == (theirs[0] == 1), "contains \(instant): \(question)")
            let next = cron.next(after: instant, offset: offset) ?? 0
            if isRepeated(next, offset) && next != theirs[1] {
                doubtful.append(Question(zone: question.zone, expression: question.expression, instants: [next]))
            } else {
                #expect(next == theirs[1], "after \(instant): \(question)")
            }
        }
        return doubtful
    }

    /// In an hour that comes twice, Quartz's `getTimeAfter` passes over openings that its `isSatisfiedBy` knows.
    private func isRepeated(_ instant: Int, _ offset: (Int) -> Int) -> Bool {
        [1800, 3600, -1800, -3600].contains { offset(instant + $0) == offset(instant) - $0 }
    }

    private func quartz(_ questions: [Question]) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "quartz-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appending(path: "questions")
        let output = folder.appending(path: "answers")
        try questions.map { $0.line + "\n" }.joined().write(to: input, atomically: false, encoding: .utf8)
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "timeout", "900", "java", "-cp", "/usr/share/java/quartz2.jar:/usr/share/java/slf4j-api.jar",
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Quartz.java").path,
        ]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try String(contentsOf: output, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}

/// One expression, and the instants about which it is asked.
private struct Question: CustomStringConvertible {
    static let instants = 6

    let zone, expression: String
    let instants: [Int]

    init(zone: String, expression: String, instants: [Int]) {
        (self.zone, self.expression, self.instants) = (zone, expression, instants)
    }

    init(_ random: inout Dice) {
        zone = zones.randomElement(using: &random)!
        let isOfWeek = Bool.random(using: &random)
        let ofMonth = isOfWeek ? "?" : dayOfMonth(&random)
        let ofWeek = isOfWeek ? dayOfWeek(&random) : "?"
        let year = ["", "", "", " *", " 2024-2028", " 2025/2", " 2026,2031"].randomElement(using: &random)!
        let month = Int.random(in: 0..<3, using: &random) == 0 ? list(1...12, months, &random) : "*"
        let good =
            "0 \(list(0...59, [], &random)) \(list(0...23, [], &random)) \(ofMonth) \(month) \(ofWeek)\(year)"
        expression = Int.random(in: 0..<4, using: &random) == 0 ? mutated(good, &random) : good
        instants = (0..<Self.instants).map { Self.instant($0, &random) }
    }

    /// Whole minutes; half of them near where clocks are changed, at a month's end or in spring and autumn.
    private static func instant(_ index: Int, _ random: inout Dice) -> Int {
        let year = firstInstant + Int.random(in: 0..<12, using: &random) * yearSeconds
        let near = [83, 67, 297, 307, 26, 120].randomElement(using: &random)! + Int.random(in: -7...7, using: &random)
        let day = index % 2 == 0 ? near : Int.random(in: 0..<365, using: &random)
        return (year + day * 86400 + Int.random(in: 0..<86400, using: &random)) / 60 * 60
    }

    var line: String { ([zone, expression] + instants.map(String.init)).joined(separator: "\t") }
    var description: String { "\(zone) \(expression)" }
}

private let months = ["JAN", "feb", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "Dec"]
private let weekdays = ["SUN", "MON", "tue", "WED", "THU", "FRI", "Sat"]

private func dayOfMonth(_ random: inout Dice) -> String {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: ["L", "LW", "L-1", "L-3", "L-3W", "L-0", "L-27"].randomElement(using: &random)!
    // Later days, which not all months have, are settled in CronExpressionTests.
    case 1: "\(Int.random(in: 1...28, using: &random))W"
    case 2: "*"
    default: list(1...31, [], &random)
    }
}

private func dayOfWeek(_ random: inout Dice) -> String {
    let day =
        Bool.random(using: &random)
        ? "\(Int.random(in: 1...7, using: &random))" : weekdays.randomElement(using: &random)!
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return "\(day)L"
    case 1: return "\(day)#\(Int.random(in: 1...5, using: &random))"
    case 2: return ["*", "L", "?"].randomElement(using: &random)!
    default: return list(1...7, weekdays, &random)
    }
}

/// With one character lost, added or exchanged.
private func mutated(_ expression: String, _ random: inout Dice) -> String {
    var characters = Array(expression)
    let place = Int.random(in: 2..<characters.count, using: &random)  // the seconds stay 0
    if Bool.random(using: &random) { characters.remove(at: place) }
    if Bool.random(using: &random) {
        characters.insert("0123456789,-*/?LW#MONJA ".randomElement(using: &random)!, at: place)
    }
    return String(characters)
}

private func list(_ range: ClosedRange<Int>, _ names: [String], _ random: inout Dice) -> String {
    if Int.random(in: 0..<5, using: &random) == 0 { return "*" }
    return (0..<Int.random(in: 1...3, using: &random)).map { _ in part(range, names, &random) }.joined(separator: ",")
}

private func part(_ range: ClosedRange<Int>, _ names: [String], _ random: inout Dice) -> String {
    let (first, last) = (Int.random(in: range, using: &random), Int.random(in: range, using: &random))
    let step = Int.random(in: 1...(range.count - 1), using: &random)
    let isNamed = !names.isEmpty && Bool.random(using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1: return isNamed ? names[first - 1] : "\(first)"
    case 2: return isNamed ? "\(names[first - 1])-\(names[last - 1])" : "\(first)-\(last)"
    case 3: return "\(first)-\(last)/\(step)"
    case 4: return "\(first)/\(step)"
    default: return Bool.random(using: &random) ? "*/\(step)" : "/\(step)"
    }
}
