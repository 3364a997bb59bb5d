import Glibc
import PluginProtocol
import Testing

@testable import PluginHost

@Suite("The connection to a plugin: time (HST-20: it follows the clock that it is given, and no other)")
struct PluginConnectionTimeTests {
    private let deaf = bash + "trap 'echo heard' TERM; echo ready; while :; do sleep 1000 & wait; done"

    @Test("a heartbeat that is lost: three times what was declared (HST-19)")
    func heartbeat() async {
        let clock = ManualClock()
        let trial = await Trial.run(
            deaf, heartbeatSeconds: 5, clock: clock,
            onLine: { line in clock.advance(by: line == "ready" ? .seconds(15) : .seconds(10)) })
        #expect(trial.failure?.hostCode == .heartbeatLost)
        #expect(trial.failure?.message.contains("heartbeatSeconds 5; measured: none for 15.0 s") == true)
        #expect(trial.failure?.message.contains("killed by SIGKILL (9)") == true)
    }

    @Test("a heartbeat that is kept by messages")
    func heartbeatKept() async {
        let clock = ManualClock()
        let trial = await Trial.run(
            bash + """
                for i in 1 2 3; do send log '"level":"info","message":"tick"'; done
                send jobSuccessResult
                """, heartbeatSeconds: 5, clock: clock, onLine: { _ in clock.advance(by: .seconds(5)) })
        #expect(trial.succeeded, "\(trial.verdict)")
    }

    @Test("the absolute time-out: TERM, the grace, then KILL (HST-19, RES-02)")
    func timeout() async {
        let clock = ManualClock()
        let trial = await Trial.run(
            deaf, job: job(timeoutSeconds: 30), clock: clock,
            onLine: { line in clock.advance(by: line == "ready" ? .seconds(30) : .seconds(10)) })
        #expect(trial.failure?.hostCode == .timedOut)
        #expect(trial.failure?.message.contains("limit: timeoutSeconds 30; measured: 30.0 s") == true)
        #expect(trial.text == ["ready", "heard"])
    }

    @Test("a plugin that lingers is ended after 5 s and 2 s, and its result stands (LIF-05)")
    func lingers() async {
        let clock = ManualClock()
        let trial = await Trial.run(
            bash + "trap 'echo heard' TERM; send jobSuccessResult; echo ready >&3; while :; do sleep 1000 & wait; done",
            clock: clock, onLine: { line in clock.advance(by: line == "ready" ? .seconds(5) : .seconds(2)) })
        #expect(trial.succeeded, "\(trial.verdict)")
        #expect(trial.log.contains { $0.text.contains("lingered") })
    }
}
