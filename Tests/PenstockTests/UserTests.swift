import Glibc
import Jansson
import Testing

@Suite("Users that plugins run as", .enabled(if: Site.isRoot))
struct UserTests {
    private func run(_ site: Site, _ users: String, _ options: String...) async throws -> Outcome {
        let make = action("Make", "touch \(site.shared)/file", type: "Build/Custom/Do")
        try site.write(pipeline(source, Stage("Build", make)).text, to: "pipeline.json")
        return try await site.start(["run", "pipeline.json"] + options, environment: ["PENSTOCK_USERS": users])
            .outcome()
    }

    @Test("they are of the range that PENSTOCK_USERS says", arguments: sandboxes.filter { $0 != "none" })
    func range(sandbox: String) async throws {
        let site = try Site()
        // The cases take turns: one job a user.
        try #require(chown(site.shared, 61_234, 61_234) == 0)
        let outcome = try await run(site, "61233-61234", "--sandbox", sandbox)
        #expect(outcome.code == 0, "\(outcome)")
        var status = stat()
        #expect(stat("\(site.shared)/file", &status) == 0 && (status.st_uid, status.st_gid) == (61_234, 61_234))
    }

    @Test(
        "what is no range of users is refused before anything runs",
        arguments: ["", "60600", "60600-", "0-5", "7-6", "a-b", "1-4294967295", "1-2-3", "1 - 2"])
    func none(users: String) async throws {
        let outcome = try await run(Site(), users)
        #expect(outcome.code == 2 && outcome.text.isEmpty, "\(outcome)")
        #expect(
            outcome.errorText.contains(#"PENSTOCK_USERS is "\#(users)": must be two numbers of users"#), "\(outcome)")
    }
}
