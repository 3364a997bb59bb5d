/// The minutes that a cron expression of Quartz's dialect selects: `sec min hour day-of-month month day-of-week [year]`.
///
/// A window is made of whole minutes: the field of seconds is checked, and does not select (CND-10).
public struct CronExpression: Hashable, Sendable {
    enum Day: Hashable, Sendable {
        case ofMonth(Set<Int>)
        /// `L`, `L-3`, `LW`, `L-3W`
        case lastOfMonth(daysBefore: Int, isWeekday: Bool)
        /// `15W`: the weekday nearest to it, in the same month
        case weekday(nearest: Int)
        /// 1 is Sunday.
        case ofWeek(Set<Int>)
        /// `6L`
        case last(ofWeek: Int)
        /// `6#3`
        case nth(Int, ofWeek: Int)
    }

    let minutes, hours, months, years: Set<Int>
    let day: Day

    /// - Throws: what is wrong in which field, with the value and what the field takes.
    public init(_ text: String) throws(CronError) {
        let fields = text.uppercased().split(whereSeparator: \.isWhitespace).map(String.init)
        guard (6...7).contains(fields.count) else {
            throw CronError(
                problem: "\"\(text)\" has \(fields.count) fields, not 6 or 7:"
                    + " seconds minutes hours day-of-month month day-of-week [year]")
        }
        _ = try CronField.seconds.values(of: fields[0])
        minutes = try CronField.minutes.values(of: fields[1])
        hours = try CronField.hours.values(of: fields[2])
        months = try CronField.month.values(of: fields[4])
        years = try CronField.year.values(of: fields.count == 7 ? fields[6] : "*")
        switch (fields[3], fields[5]) {
        case ("?", "?"): throw CronError(problem: "day-of-month and day-of-week are both ?; at most one can be")
        case ("?", let ofWeek): day = try CronField.day(ofWeek: ofWeek)
        case (let ofMonth, "?"): day = try CronField.day(ofMonth: ofMonth)
        case (let ofMonth, let ofWeek):
            throw CronError(
                problem: "day-of-month is \"\(ofMonth)\" and day-of-week is \"\(ofWeek)\"; one of them must be ?")
        }
    }

    /// Whether the window is open at an instant.
    /// - Parameter offset: seconds east of UTC at an instant; both are counted in seconds since 1970.
    public func contains(_ instant: Int, offset: (Int) -> Int) -> Bool {
        let time = WallTime(instant + offset(instant))
        return includes(dayOf: time) && hours.contains(time.hour) && minutes.contains(time.minute)
    }

    /// The first whole minute after an instant in which the window is open; nil if there is none before 2200.
    ///
    /// Like Quartz's `isSatisfiedBy`: an hour that a clock skips never opens, one that it repeats opens twice.
    public func next(after instant: Int, offset: (Int) -> Int) -> Int? {
        var minute = (instant.floored(to: 60) + 1) * 60
        guard let lastYear = years.max() else { return nil }
        while true {
            let time = WallTime(minute + offset(minute))
            if time.year > lastYear { return nil }
            let stepSeconds: Int
            if !includes(dayOf: time) {
                stepSeconds = 86400 - time.hour * 3600 - time.minute * 60
            } else if !hours.contains(time.hour) {
                stepSeconds = 3600 - time.minute * 60
            } else if !minutes.contains(time.minute) {
                stepSeconds = 60
            } else {
                return minute
            }
            // Where the clock is changed on the way, nothing may be stepped over.
            minute += offset(minute + stepSeconds) == offset(minute) ? stepSeconds : 60
        }
    }

    private func includes(dayOf time: WallTime) -> Bool {
        guard years.contains(time.year), months.contains(time.month) else { return false }
        let lastDay = time.daysInMonth
        switch day {
        case .ofMonth(let days): return days.contains(time.day)
        case .lastOfMonth(let daysBefore, false): return time.day == lastDay - daysBefore
        case .lastOfMonth(let daysBefore, true): return time.isWeekday(nearest: lastDay - daysBefore)
        case .weekday(let nearest): return time.isWeekday(nearest: nearest)
        case .ofWeek(let days): return days.contains(time.dayOfWeek)
        case .last(let ofWeek): return time.dayOfWeek == ofWeek && time.day > lastDay - 7
        case .nth(let n, let ofWeek): return time.dayOfWeek == ofWeek && (time.day + 6) / 7 == n
        }
    }
}

/// What a clock on the wall and the calendar beside it show.
struct WallTime {
    let year, month, day, hour, minute: Int
    /// 1 is Sunday, as in Quartz.
    let dayOfWeek: Int

    /// - Parameter seconds: since 1970 by that clock.
    init(_ seconds: Int) {
        let days = seconds.floored(to: 86400)
        (hour, minute) = ((seconds - days * 86400) / 3600, (seconds - days * 86400) % 3600 / 60)
        dayOfWeek = (days % 7 + 11) % 7 + 1  // 1970 began on a Thursday
        // Years that begin in March have their leap day at the end; 719,468 days lie between 1 March 0 and 1970.
        let shifted = days + 719_468
        let era = shifted.floored(to: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysInMonth: Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Whether this is the weekday nearest to a day of its month, which must have both.
    func isWeekday(nearest wanted: Int) -> Bool {
        guard (1...daysInMonth).contains(wanted) else { return false }
        switch (dayOfWeek - 1 + wanted - day + 35) % 7 {
        case 0: return day == (wanted == daysInMonth ? wanted - 2 : wanted + 1)
        case 6: return day == (wanted == 1 ? 3 : wanted - 1)
        default: return day == wanted
        }
    }
}

extension Int {
    fileprivate func floored(to unit: Int) -> Int { self >= 0 ? self / unit : -((unit - 1 - self) / unit) }
}
