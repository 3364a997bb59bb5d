/// What is wrong with a cron expression, for the person who wrote it.
public struct CronError: Error, Hashable, Sendable, CustomStringConvertible {
    public let problem: String

    public var description: String { problem }
}

/// A field of a cron expression: its name in messages, and what it takes.
struct CronField: Sendable {
    let name: String
    let range: ClosedRange<Int>
    var names: [String] = []
    var alsoTakes = ""

    static let seconds = CronField(name: "seconds", range: 0...59)
    static let minutes = CronField(name: "minutes", range: 0...59)
    static let hours = CronField(name: "hours", range: 0...23)
    static let dayOfMonth = CronField(
        name: "day-of-month", range: 1...31, alsoTakes: ", L, L-3, LW and 15W, alone, and ?")
    static let month = CronField(
        name: "month", range: 1...12,
        names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"])
    static let dayOfWeek = CronField(
        name: "day-of-week", range: 1...7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        alsoTakes: ", L, 6L and 6#3, alone, and ?")
    static let year = CronField(name: "year", range: 1970...2199)

    // MARK: Days

    static func day(ofMonth text: String) throws(CronError) -> CronExpression.Day {
        let field = dayOfMonth
        if text.first == "L" {
            let isWeekday = text.last == "W"
            let rest = text.dropFirst().dropLast(isWeekday ? 1 : 0)
            guard rest.isEmpty || rest.first == "-", let daysBefore = rest.isEmpty ? 0 : digits(rest.dropFirst()),
                daysBefore <= 30
            else { throw field.refusal(of: text, "L takes -0 to -30 and then W") }
            return .lastOfMonth(daysBefore: daysBefore, isWeekday: isWeekday)
        }
        if text.last == "W" { return .weekday(nearest: try field.value(of: text.dropLast(), in: text)) }
        return .ofMonth(try field.values(of: text))
    }

    static func day(ofWeek text: String) throws(CronError) -> CronExpression.Day {
        let field = dayOfWeek
        if text == "L" { return .ofWeek([7]) }
        if text.last == "L" { return .last(ofWeek: try field.value(of: text.dropLast(), in: text)) }
        if let mark = text.firstIndex(of: "#") {
            guard let n = digits(text[mark...].dropFirst()), (1...5).contains(n) else {
                throw field.refusal(of: text, "# is followed by 1 to 5")
            }
            return .nth(n, ofWeek: try field.value(of: text[..<mark], in: text))
        }
        return .ofWeek(try field.values(of: text))
    }

    // MARK: Lists, ranges, steps

    func values(of text: String) throws(CronError) -> Set<Int> {
        var values: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            values.formUnion(try self.values(ofPart: part, in: text))
        }
        return values
    }

    private func values(ofPart part: Substring, in text: String) throws(CronError) -> [Int] {
        let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let ends = halves[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        var first = range.lowerBound
        var last = range.upperBound
        // Quartz takes /5 for */5.
        if halves[0] != "*" && !(halves[0].isEmpty && halves.count == 2) {
            first = try value(of: ends[0], in: text)
            if ends.count == 2 { last = try value(of: ends[1], in: text) } else if halves.count == 1 { last = first }
        }
        let size = range.upperBound - range.lowerBound + 1
        if last < first {
            guard name != Self.year.name else { throw refusal(of: text, "a range of years goes upward") }
            last += size  // FRI-MON
        }
        let step = halves.count == 2 ? try self.step(halves[1], of: halves[0], in: text) : 1
        return stride(from: first, through: last, by: step).map { ($0 - range.lowerBound) % size + range.lowerBound }
    }

    private func step(_ text: Substring, of base: Substring, in whole: String) throws(CronError) -> Int {
        let limit = range.lowerBound == 0 ? range.upperBound : range.upperBound - range.lowerBound + 1
        guard let step = Self.digits(text), (1...limit).contains(step) else {
            throw refusal(of: whole, "a step is from 1 to \(limit)")
        }
        guard base.allSatisfy({ !$0.isLetter }) else {
            throw refusal(of: whole, "a step after a name would be ignored by Quartz; write numbers")
        }
        return step
    }

    private func value(of text: Substring, in whole: String) throws(CronError) -> Int {
        if let index = names.firstIndex(of: String(text)) { return index + 1 }
        guard let value = Self.digits(text), range.contains(value) else { throw refusal(of: whole) }
        return value
    }

    private static func digits(_ text: Substring) -> Int? {
        text.allSatisfy { ("0"..."9").contains($0) } && text.count <= 4 ? Int(text) : nil
    }

    private func refusal(of text: String, _ detail: String? = nil) -> CronError {
        let named = names.isEmpty ? "" : " or \(names[0]) to \(names[names.count - 1])"
        let takes = "it takes \(range.lowerBound) to \(range.upperBound)\(named), lists (,), ranges (-), steps (/), *"
        return CronError(
            problem: "\(name) is \"\(text)\": \(detail.map { $0 + "; " } ?? "")\(takes)\(alsoTakes)")
    }
}
