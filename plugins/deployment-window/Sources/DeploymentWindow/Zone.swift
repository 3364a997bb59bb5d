import Glibc

/// A time zone as a definition names it.
public enum Zone: Hashable, Sendable {
    /// Seconds east of UTC.
    case fixed(Int)
    /// A name of the time zone database: `Europe/Berlin`.
    case region(String)

    public static let directory = "/usr/share/zoneinfo"

    /// Abbreviations that the database does not have, as Java has them; others mean several places.
    private static let abbreviations = [
        "CST": "America/Chicago", "JST": "Asia/Tokyo", "PST": "America/Los_Angeles",
    ]

    /// - Parameter text: `Region/City`, `UTC`, `UTC+HH:MM`, `UTC-HH:MM`, or an abbreviation of 3 to 5 letters.
    /// - Throws: why it is none of them.
    public init(_ text: String) throws(ConfigurationProblem) {
        let problem = ConfigurationProblem("TimeZone \"\(text.prefix(100))\"")
        if text == "UTC" {
            self = .fixed(0)
        } else if text.hasPrefix("UTC+") || text.hasPrefix("UTC-") {
            guard let seconds = Self.seconds(text.dropFirst(4)) else {
                throw problem.adding("is not UTC+HH:MM or UTC-HH:MM, with at most 18:00")
            }
            self = .fixed(text.hasPrefix("UTC-") ? -seconds : seconds)
        } else {
            let isAbbreviation = (3...5).contains(text.count) && text.allSatisfy { $0.isASCII && $0.isLetter }
            guard isAbbreviation || Self.isRegionAndCity(text) else {
                throw problem.adding("is not Region/City, UTC+HH:MM or an abbreviation of 3 to 5 letters")
            }
            let name = Self.abbreviations[text] ?? text
            guard try Self.isInDatabase(name) else {
                throw problem.adding(
                    isAbbreviation
                        ? "is not known, or means several places; write Region/City, such as Europe/Berlin"
                        : "is not in the time zone database; capitals count, as in Europe/Berlin")
            }
            self = .region(name)
        }
    }

    /// Seconds east of UTC at an instant, which is counted in seconds since 1970.
    ///
    /// A process has one zone at a time: glibc reads the database, by the environment's `TZ`.
    public func enter() -> (Int) -> Int {
        switch self {
        case .fixed(let seconds): return { _ in seconds }
        case .region(let name):
            setenv("TZ", ":\(Self.directory)/\(name)", 1)
            tzset()
            return { instant in
                var time = time_t(instant)
                var local = tm()
                localtime_r(&time, &local)
                return local.tm_gmtoff
            }
        }
    }

    private static func seconds(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isWellFormed = parts.count == 2 && parts.allSatisfy { $0.utf8.count == 2 && $0.utf8.allSatisfy(isDigit) }
        guard isWellFormed, let hours = Int(parts[0]), let minutes = Int(parts[1]), minutes < 60 else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return seconds <= 18 * 3600 ? seconds : nil
    }

    private static func isRegionAndCity(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return (2...3).contains(parts.count) && text.utf8.count <= 100
            && parts.allSatisfy { part in
                part.first?.isLetter == true
                    && part.utf8.allSatisfy { isDigit($0) || isLetter($0) || "_+-".utf8.contains($0) }
            }
    }

    private static func isInDatabase(_ name: String) throws(ConfigurationProblem) -> Bool {
        guard access(directory, F_OK) == 0 else {
            throw ConfigurationProblem("TimeZone \"\(name)\" needs \(directory); install tzdata")
        }
        guard let file = fopen("\(directory)/\(name)", "re") else { return false }
        defer { fclose(file) }
        return Array("TZif".utf8).allSatisfy { fgetc(file) == Int32($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 32) }
}

/// What is wrong with the configuration, for the person who wrote it.
public struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }

    func adding(_ text: String) -> ConfigurationProblem { ConfigurationProblem("\(description) \(text)") }
}
