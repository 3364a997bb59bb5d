import Conformance
import Foundation
import Testing

@Suite("Scenarios of messages, process and cancel")
struct CoreProbeTests {
    private func broken(_ rules: Set<String>, by work: String, read: String = "read -r job || exit 0") async throws
        -> Set<String>
    {
        Set(try await SmallPlugin(work, read: read).findings(rules).map(\.rule))
    }

    @Test("a small good plugin breaks nothing")
    func good() async throws {
        let work = """
            trap 'say jobAbandonedResult; exit 0' TERM
            sleep 0.1 3>&-; say jobSuccessResult
            """
        let read = """
            [ -n "${PENSTOCK_PROTOCOL:-}" ] || { echo usage; exit 64; }
            read -r job || exit 0
            [ "$(get .type)" = job ] || exit 65
            """
        let rules = Set(
            try requirements().rules.map(\.id).filter { id in
                ["FRM", "MSG", "RES", "LIF", "CAN"].contains { id.hasPrefix($0) }
            })
        #expect(try await broken(rules, by: work, read: read) == [])
    }

    @Test(
        "MSG-04 alone is blamed on one that knows all members; the padding of a long line is one that it does not know")
    func strict() async throws {
        let work =
            "[ \"$(get 'keys | map(select(startswith(\"x-\"))) | length')\" = 0 ] || exit 1; say jobSuccessResult"
        #expect(try await broken(["MSG-04", "MSG-06", "MSG-07"], by: work) == ["MSG-04"])
    }

    @Test("a plugin whose plain run disappoints is not blamed for the same again and again")
    func disappoints() async throws {
        let rules: Set = ["RES-11", "MSG-04", "MSG-05", "MSG-08", "LIF-08", "LIF-09", "LIF-10", "LIF-14", "ART-04"]
        let work = "say jobFailureResult '{failureDetails: {type: \"JobFailed\", message: \"The door is shut\"}}'"
        #expect(try await broken(rules, by: work) == ["RES-11"])
    }

    @Test(
        "MSG-08: a text is executed",
        arguments: [
            "sh -c \"echo 'Hello $(get .data.actionConfiguration.configuration.Name)'\"",
            "get .data.actionConfiguration.configuration.Name | python3 -c 'import sys; eval(sys.stdin.read())'",
            "perl -e \"eval(q(qq{})) or eval join q(), <STDIN>\" < <(get .data.actionConfiguration.configuration.Name)",
            "eval \"echo $(get .data.pipelineContext.stage.name)\"",
        ])
    func executed(command: String) async throws {
        let findings = try await SmallPlugin("\(command); say jobSuccessResult").findings(["MSG-08"])
        #expect(findings.map(\.rule) == ["MSG-08"])
        #expect(findings.first?.evidence.contains("was executed: it has made the file") == true, "\(findings)")
    }

    @Test("LIF-02: a message before the job, and an exit before it")
    func early() async throws {
        let read = "job='{\"jobId\": \"x\"}'; say acknowledge; read -r job || exit 0"
        #expect(try await broken(["LIF-02"], by: "say jobSuccessResult", read: read) == ["LIF-02"])
        #expect(try await broken(["LIF-02"], by: "", read: "read -t 0.3 -r job") == ["LIF-02"])
    }

    @Test("LIF-11: it waits for more after something that is no job")
    func waits() async throws {
        let findings = try await SmallPlugin("[ \"$job\" != hello ] || sleep 30; exit 65").findings(["LIF-11"])
        #expect(findings.map(\.evidence) == ["after \"hello\" it did not end"])
    }

    @Test("LIF-12: the status alone is no usage")
    func silent() async throws {
        let findings = try await SmallPlugin("", read: "[ ! -t 0 ] || exit 64; read -r job").findings(["LIF-12"])
        #expect(findings.map(\.evidence) == ["it exited with status 64, and said nothing on standard error"])
    }

    @Test("LIF-08: it spins when nobody reads, though not for ever")
    func spins() async throws {
        let spin = "python3 -c 'import time\nwhile time.process_time() < 4: pass'"
        #expect(try await broken(["LIF-08"], by: "trap '' PIPE; say jobSuccessResult || \(spin)") == ["LIF-08"])
    }

    @Test("CAN-01 and CAN-03: it hears nothing, and what it started lives on")
    func deaf() async throws {
        let deaf = "trap '' TERM; say acknowledge; sleep 9 3>&-; say jobSuccessResult"
        #expect(try await broken(["CAN-01"], by: deaf) == ["CAN-01"])
        let forgetful = """
            say acknowledge; setsid sleep 9 </dev/null >/dev/null 2>&1 3>&- & wait; say jobSuccessResult
            """
        let findings = try await SmallPlugin(forgetful).findings(["CAN-03", "CAN-01", "LIF-07"])
        #expect(findings.map(\.rule) == ["CAN-03"])
        #expect(findings.first?.evidence.contains("sleep 9") == true)
    }

    @Test("CAN-07: after a second SIGTERM something is left in the workspace")
    func scraps() async throws {
        let work = """
            trap 'trap "exit 0" TERM; sleep 0.6 3>&- & wait; rm tmp/scrap; exit 0' TERM
            touch tmp/scrap; say acknowledge; sleep 5 3>&- & wait; say jobSuccessResult
            """
        let findings = try await SmallPlugin(work).findings(["CAN-07"])
        #expect(findings.first?.evidence.contains("tmp/scrap was left") == true, "\(findings)")
    }
}
