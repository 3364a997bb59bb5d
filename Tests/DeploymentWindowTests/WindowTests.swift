import Foundation
import PluginProtocol
import Testing

@testable import DeploymentWindow

@Suite("Deployment windows", .serialized)
struct WindowTests {
    @Test(
        "a time zone is a region, a distance from UTC, or an abbreviation (CND-10)",
        arguments: [
            ("UTC", Zone.fixed(0)), ("UTC+05:30", .fixed(19800)), ("UTC-03:00", .fixed(-10800)),
            ("UTC+18:00", .fixed(64800)), ("Europe/Berlin", .region("Europe/Berlin")),
            ("America/Argentina/Ushuaia", .region("America/Argentina/Ushuaia")), ("Etc/GMT+3", .region("Etc/GMT+3")),
            ("PST", .region("America/Los_Angeles")), ("CET", .region("CET")), ("GMT", .region("GMT")),
        ])
    func zones(text: String, zone: Zone) throws { #expect(try Zone(text) == zone) }

    @Test(
        "another time zone is refused by name (CND-10)",
        arguments: [
            "", "Nowhere/City", "europe/berlin", "Europe/../../../etc/passwd", "Europe/", "Europe", "/etc/passwd",
            "BST",
            "XYZ", "UTC+1", "UTC+18:01", "UTC+01:60", "UTC 01:00", "UTC+١٢:00", "Zürich/X", "a/b/c/d",
            "Europe/Berlin\n",
        ])
    func unknownZones(text: String) {
        let error = #expect(throws: ConfigurationProblem.self) { try Zone(text) }
        #expect(error?.description.hasPrefix("TimeZone \"\(text)\" is") == true)
    }

    @Test(
        "the system's zones are Foundation's", arguments: ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe"])
    func system(name: String) throws {
        let zone = try #require(TimeZone(identifier: name))
        let offset = try Zone(name).enter()
        for instant in stride(from: 1_609_459_200, to: 2_300_000_000, by: 86400 * 5 + 3600) {
            #expect(offset(instant) == zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(instant))))
        }
    }

    @Test("outside its time a window is asked again when it opens, within the limits of the protocol (CND-10)")
    func waits() throws {
        let window = try Window(configuration: ["Cron": "* * 9 ? * MON-FRI", "TimeZone": "Europe/Berlin"])
        let opening = 1_795_420_800  // Monday 23 November 2026, 08:00 UTC
        for (before, seconds) in [(1, 1), (61, 61), (3600, 3600), (86400, 3600)] {
            let answer = JobSuccessResult(
                continuationToken: "opens-\(opening)", continueAfterSeconds: seconds,
                executionDetails: ExecutionDetails(
                    summary: "Closed; opens at 2026-11-23 09:00 UTC+01:00 (TimeZone Europe/Berlin)"))
            #expect(window.answer(at: opening - before) == .jobSuccessResult(answer))
        }
        let open = ExecutionDetails(summary: "Open at 2026-11-23 09:59 UTC+01:00 (TimeZone Europe/Berlin)")
        #expect(window.answer(at: opening + 3599) == .jobSuccessResult(JobSuccessResult(executionDetails: open)))
    }

    @Test("a token of another is refused (CNT-06)", arguments: ["", "opens-", "opens-x", "opens--5", "17"])
    func tokens(text: String) throws {
        #expect(try Window.opening(token: "opens-17") == 17)
        #expect(throws: ConfigurationProblem.self) { try Window.opening(token: text) }
    }

    @Test("a Cron that is missing or endless is refused")
    func cron() {
        #expect(throws: ConfigurationProblem.self) { try Window(configuration: [:]) }
        let long = String(repeating: "1,", count: 300)
        let error = #expect(throws: ConfigurationProblem.self) { try Window(configuration: ["Cron": long]) }
        #expect(error?.description == "Cron has 600 characters, more than 500")
    }
}
