import ArgumentParser
import Engine
import Glibc

/// A moment of an execution's past, as somebody types it.
enum PastMoment: ExpressibleByArgument, Hashable {
    /// After the event of this number, from 1.
    case event(Int)
    /// With everything that had happened by then, to the end of the second where no fraction is given.
    case time(Instant, text: String)

    init?(argument: String) {
        if !argument.isEmpty, argument.utf8.allSatisfy({ 48...57 ~= $0 }) {
            self = .event(Int(argument) ?? .max)
        } else if let instant = Instant(typed: argument) {
            self = .time(instant, text: argument)
        } else {
            return nil
        }
    }

    /// How many of its events had happened.
    func count(in journal: [Fact], of execution: ExecutionID) throws -> Int {
        let list = "`penstock show \(execution) --events` lists them"
        switch self {
        case .event(let number):
            guard 1...max(1, journal.count) ~= number else {
                throw Answer(.usage, "--at \(number): the execution has the events 1 to \(journal.count); \(list)")
            }
            return number
        case .time(let time, let text):
            // The clock may have been set back between two events: their order is what counts.
            guard let last = journal.lastIndex(where: { $0.at <= time }) else {
                let start = journal.first.map { "it began at \(rfc3339($0.at))" } ?? "it has no events"
                throw Answer(.usage, "--at \(text): there was no such execution yet: \(start); \(list)")
            }
            return last + 1
        }
    }

    func instant(after past: [Fact]) -> Instant {
        switch self {
        case .event: past.last?.at ?? now()
        case .time(let time, _): min(time, now())
        }
    }
}

extension Instant {
    /// `2026-11-23T14:03:07.042Z`, `2026-11-23 14:03:07+01:00`, or without a zone, which is the time here. The seconds may
    /// be missing; without a fraction it is the last millisecond of its second or minute.
    /// - Returns: nil for what is no such time, or one that no calendar has.
    init?(typed text: String) {
        guard
            let match = text.wholeMatch(
                of: /(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?/
                    .asciiOnlyDigits())
        else { return nil }
        var fields = tm()
        fields.tm_year = Int32(match.1)! - 1_900
        fields.tm_mon = Int32(match.2)! - 1
        fields.tm_mday = Int32(match.3)!
        fields.tm_hour = Int32(match.4)!
        fields.tm_min = Int32(match.5)!
        fields.tm_sec = match.6.flatMap { Int32($0) } ?? 59
        fields.tm_isdst = -1
        let typed = fields
        let zone = match.8.map(String.init)
        let seconds = zone == nil ? mktime(&fields) : timegm(&fields)
        // What overflows is carried, so that the 31st of February would become a day of March.
        guard fields.tm_mon == typed.tm_mon, fields.tm_mday == typed.tm_mday, fields.tm_hour == typed.tm_hour,
            fields.tm_min == typed.tm_min, let east = zone.map(Self.secondsEast) ?? 0
        else { return nil }
        let fraction = match.7.flatMap { Double("0\($0)") }.map { Int64($0 * 1_000) } ?? 999
        self.init(milliseconds: (Int64(seconds) - east) * 1_000 + fraction)
    }

    /// Of `Z` or `+01:00`; nil past 23:59.
    private static func secondsEast(_ zone: String) -> Int64? {
        guard zone.count == 6, let hours = Int64(zone.dropFirst().prefix(2)), let minutes = Int64(zone.suffix(2)) else {
            return 0
        }
        guard hours < 24, minutes < 60 else { return nil }
        return (zone.hasPrefix("-") ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }
}
