import PluginProtocol

/// A deployment window: when it is open, and when it opens next (CND-10).
public struct Window {
    /// The shortest and the longest time after which a host asks again.
    private static let continueAfterSeconds = 1...3600
    private static let cronLimitCharacters = 500
    private static let tokenPrefix = "opens-"

    private let cron: CronExpression
    private let zoneName: String
    private let offset: (Int) -> Int

    /// - Parameter configuration: `Cron`, and `TimeZone`, which is UTC if absent or empty.
    /// - Throws: the property that is wrong, its value, and what it takes.
    public init(configuration: [String: String]) throws(ConfigurationProblem) {
        guard let text = configuration["Cron"], !text.isEmpty else {
            throw ConfigurationProblem("Cron is missing; it is such as * * 9-17 ? * MON-FRI")
        }
        guard text.count <= Self.cronLimitCharacters else {
            throw ConfigurationProblem("Cron has \(text.count) characters, more than \(Self.cronLimitCharacters)")
        }
        do throws(CronError) { cron = try CronExpression(text) } catch {
            throw ConfigurationProblem("Cron: \(error)")
        }
        let zone = configuration["TimeZone"] ?? ""
        zoneName = zone.isEmpty ? "UTC" : zone
        offset = try Zone(zoneName).enter()
    }

    /// What is said of a job at an instant, in seconds since 1970: a success, a success that goes on when the window
    /// opens, or a failure because it never will.
    public func answer(at now: Int) -> PluginMessage.Body {
        if cron.contains(now, offset: offset) {
            return .jobSuccessResult(
                JobSuccessResult(executionDetails: ExecutionDetails(summary: "Open at \(text(of: now))")))
        }
        guard let opening = cron.next(after: now, offset: offset) else {
            return .jobFailureResult(
                JobFailureResult(
                    type: .jobFailed,
                    message: "The window never opens again: Cron selects no minute after \(text(of: now))"))
        }
        let range = Self.continueAfterSeconds
        return .jobSuccessResult(
            JobSuccessResult(
                continuationToken: "\(Self.tokenPrefix)\(opening)",
                continueAfterSeconds: min(max(opening - now, range.lowerBound), range.upperBound),
                executionDetails: ExecutionDetails(summary: "Closed; opens at \(text(of: opening))")))
    }

    /// When the window was to open, by the token of an earlier answer.
    /// - Throws: when it is no token of ours. Spec: CNT-06
    public static func opening(token: String) throws(ConfigurationProblem) -> Int {
        guard token.hasPrefix(tokenPrefix), let instant = Int(token.dropFirst(tokenPrefix.count)), instant > 0 else {
            throw ConfigurationProblem("The continuation token \"\(token.prefix(100))\" is not of this plugin")
        }
        return instant
    }

    private func text(of instant: Int) -> String {
        let east = offset(instant)
        let time = WallTime(instant + east)
        let away = abs(east) / 60
        let date = "\(time.year)-\(digits(time.month))-\(digits(time.day))"
        let sign = east < 0 ? "-" : "+"
        return "\(date) \(digits(time.hour)):\(digits(time.minute))"
            + " UTC\(sign)\(digits(away / 60)):\(digits(away % 60)) (TimeZone \(zoneName))"
    }

    private func digits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
