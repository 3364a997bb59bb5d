import Foundation
import Testing

@testable import DeploymentWindow

private func offset(_ zone: String) throws -> (Int) -> Int {
    let zone = try #require(TimeZone(identifier: zone))
    return { zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval($0))) }
}

private func instant(_ text: String) throws -> Int { Int(try Date(text, strategy: .iso8601).timeIntervalSince1970) }

/// The next openings after an instant, as times of UTC.
private func openings(
    _ expression: String, after start: String, zone: String = "UTC", count: Int = 3
) throws -> [String] {
    let (cron, offset) = (try CronExpression(expression), try offset(zone))
    var found: [String] = []
    var last = try instant(start)
    while found.count < count, let next = cron.next(after: last, offset: offset) {
        #expect(cron.contains(next, offset: offset))
        found.append(Date(timeIntervalSince1970: TimeInterval(next)).formatted(.iso8601))
        last = next
    }
    return found
}

@Suite("Cron expressions")
struct CronExpressionTests {
    @Test(
        "days are selected as Quartz selects them (CND-10)",
        arguments: [
            ("0 0 0 L * ?", "2028-01-31 2028-02-29 2028-03-31"),
            ("0 0 0 L-3 * ?", "2028-01-28 2028-02-26 2028-03-28"),
            ("0 0 0 LW * ?", "2028-01-31 2028-02-29 2028-03-31"),
            ("0 0 0 1W * ?", "2028-01-03 2028-02-01 2028-03-01"),
            ("0 0 0 15W * ?", "2028-01-14 2028-02-15 2028-03-15"),
            ("0 0 0 30W * ?", "2028-01-31 2028-03-30 2028-04-28"),
            ("0 0 0 ? * L", "2028-01-01 2028-01-08 2028-01-15"),
            ("0 0 0 ? * FRIL", "2028-01-28 2028-02-25 2028-03-31"),
            ("0 0 0 ? * 6#5", "2028-03-31 2028-06-30 2028-09-29"),
            ("0 0 0 ? * FRI-MON", "2028-01-01 2028-01-02 2028-01-03"),
            ("0 0 0 29 2 ?", "2028-02-29 2032-02-29 2036-02-29"),
            ("0 0 0 1 nov-FEB ? 2028/2", "2028-01-01 2028-02-01 2028-11-01"),
        ])
    func days(expression: String, expected: String) throws {
        let days = try openings(expression, after: "2027-12-31T12:00:00Z").map { String($0.prefix(10)) }
        #expect(days.joined(separator: " ") == expected)
    }

    @Test("the seconds are checked, and select nothing: a window is made of whole minutes (CND-10)")
    func seconds() throws {
        let cron = try CronExpression("30 0 9 * * ?")
        let nine = try instant("2026-11-23T09:00:00Z")
        for (after, isOpen) in [(-1, false), (0, true), (59, true), (60, false)] {
            #expect(cron.contains(nine + after, offset: { _ in 0 }) == isOpen)
        }
        #expect(cron.next(after: nine - 1, offset: { _ in 0 }) == nine)
        #expect(cron.next(after: nine, offset: { _ in 0 }) == nine + 86400)
    }

    @Test("an hour that the clock skips does not open, one that it repeats opens twice (CND-10)")
    func clockChanges() throws {
        let half = "0 30 2 * * ?"
        #expect(
            try openings(half, after: "2026-03-28T12:00:00Z", zone: "Europe/Berlin", count: 1)
                == ["2026-03-30T00:30:00Z"])
        #expect(
            try openings(half, after: "2026-10-24T12:00:00Z", zone: "Europe/Berlin")
                == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"])
        // Chile's clocks skip the hour after midnight.
        #expect(
            try openings("0 0 0 * * ?", after: "2026-09-05T12:00:00Z", zone: "America/Santiago", count: 1)
                == ["2026-09-07T03:00:00Z"])
    }

    @Test("what never comes again is found out (CND-10)", arguments: ["0 0 0 30 2 ?", "* * * * * ? 2025"])
    func never(expression: String) throws {
        #expect(try openings(expression, after: "2026-11-23T00:00:00Z") == [])
    }

    @Test("the weekday nearest to a day that a month does not have is in no month (differs from Quartz)")
    func nearestOfNone() throws {
        // 1 May 2027 is a Saturday, from which Quartz goes back to 30 April.
        #expect(
            try openings("0 0 0 31W * ?", after: "2027-04-01T00:00:00Z", count: 1) == ["2027-05-31T00:00:00Z"])
    }

    @Test(
        "a wrong expression is refused with its field, its value and what the field takes",
        arguments: [
            (
                "* * *",
                "\"* * *\" has 3 fields, not 6 or 7: seconds minutes hours day-of-month month day-of-week [year]"
            ),
            ("* * * * * ? * *", "has 8 fields"),
            ("60 * * * * ?", "seconds is \"60\": it takes 0 to 59, lists (,), ranges (-), steps (/), *"),
            ("* 1,,2 * * * ?", "minutes is \"1,,2\": it takes 0 to 59"),
            ("* * 24 * * ?", "hours is \"24\": it takes 0 to 23"),
            ("* * */24 * * ?", "hours is \"*/24\": a step is from 1 to 23"),
            ("* * 1/0 * * ?", "hours is \"1/0\": a step is from 1 to 23"),
            ("* * 1-2-3 * * ?", "hours is \"1-2-3\""), ("* * ? * * ?", "hours is \"?\""), ("* * - * * ?", "hours is"),
            ("* * / * * ?", "hours is \"/\""), ("* * +1 * * ?", "hours is \"+1\""), ("* * ١ * * ?", "hours is"),
            ("* * 99999999999999999999 * * ?", "hours is"), ("* * *-5 * * ?", "hours is"),
            ("* * * 0 * ?", "day-of-month is \"0\": it takes 1 to 31"), ("* * * 0W * ?", "day-of-month is \"0W\""),
            ("* * * L-31 * ?", "L takes -0 to -30"), ("* * * LX * ?", "L takes"), ("* * * L- * ?", "L takes"),
            ("* * * 1,L * ?", "day-of-month is \"1,L\""), ("* * * 1,15W * ?", "day-of-month is \"1,15W\""),
            ("* * * W * ?", "day-of-month is \"W\""), ("* * * WL * ?", "day-of-month is"),
            ("* * * * 13 ?", "month is \"13\": it takes 1 to 12 or JAN to DEC"), ("* * * * JANUARY ?", "month is"),
            ("* * * * JAN/2 ?", "a step after a name"), ("* * * ? * 8", "day-of-week is \"8\": it takes 1 to 7 or SUN"),
            ("* * * ? * 6#6", "# is followed by 1 to 5"), ("* * * ? * MON#2,TUE", "# is followed by 1 to 5"),
            ("* * * ? * 2-4L", "day-of-week is \"2-4L\""),
            ("* * * ? * * 1969", "year is \"1969\": it takes 1970 to 2199"),
            ("* * * ? * * 2030-2029", "year is \"2030-2029\": a range of years goes upward"),
            ("* * * ? * ?", "both ?"), ("* * * 1 * MON", "day-of-month is \"1\" and day-of-week is \"MON\"; one of"),
            ("* * * * * *", "one of them must be ?"), ("", "\"\" has 0 fields"),
        ])
    func refusals(expression: String, said: String) {
        let error = #expect(throws: CronError.self) { try CronExpression(expression) }
        #expect(error?.description.contains(said) == true, "\(error?.description ?? "")")
    }
}
