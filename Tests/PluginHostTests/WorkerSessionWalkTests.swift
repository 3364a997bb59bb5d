import Dice
import Glibc
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The machine of a worker: whatever comes in whatever order")
struct WorkerSessionWalkTests {
    @Test("every walk gives each job one end and ends with nothing left", arguments: 0..<200)
    func walk(seed: Int) {
        var random = Dice(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1)
        var story = WorkerStory(seats: 3, heartbeatSeconds: 5)
        var wanted: [String] = []
        var (handed, cursor): (Set<String>, Int) = ([], 0)
        var outside = Outside()
        for step in 0..<(120 + 60) where !story.session.isRetired {
            if step == 120 { story.apply(.shutdown) }
            let id = wanted.randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<14, using: &random) {
            case 0...2 where step < 120:
                wanted.append("job-\(step)")
                story.apply(.wanted("job-\(step)", action: "action \(Int.random(in: 0..<5, using: &random))"))
            case 3: story.apply(.cancel(id, .user))
            case 4...5:
                if story.session.speaking.contains(id) {
                    story.say(id, Bool.random(using: &random) ? .done : .acknowledge)
                }
            case 6: story.apply(step % 40 == 39 ? .leave : .settled)
            case 7: story.apply(.fired(.giveUp(id), after: .seconds(1)))
            case 8: story.apply(.fired(.acknowledge(id), after: .seconds(1)))
            case 9:
                let timers: [WorkerSession.Timer] = [.job(id, .timeout), .job(id, .heartbeat), .idle]
                for timer in timers { story.apply(.fired(timer, after: .seconds(1))) }
            case 10 where outside.runs: story.exit(.code(Int32.random(in: 0...1, using: &random)))
            default:
                for timer in [WorkerSession.Timer.exitGrace, .kill, .restart] {
                    story.apply(.fired(timer, after: .seconds(1)))
                }
            }
            outside.follow(&story, &cursor, &handed)
        }
        for _ in 0..<40 where !story.session.isRetired {
            for id in wanted { story.apply(.fired(.giveUp(id), after: .seconds(1))) }
            for timer in [WorkerSession.Timer.exitGrace, .kill] { story.apply(.fired(timer, after: .seconds(1))) }
            story.apply(.settled)
            if outside.runs, story.effects.contains(.signal(SIGKILL, .group)) { story.exit(.signal(9)) }
            outside.follow(&story, &cursor, &handed)
        }
        for id in wanted {
            #expect(
                story.effects.contains(.decline(id)) != (story.verdict(id) != nil), "one end, or another worker: \(id)")
        }
        #expect(story.session.isVacant && story.session.phase == .absent)
        #expect(story.effects.count { $0 == .retire } == 1 && story.effects.last == .retire)
    }

    /// Does what the effects ask for.
    private struct Outside {
        var runs = false

        mutating func follow(_ story: inout WorkerStory, _ cursor: inout Int, _ handed: inout Set<String>) {
            while cursor < story.effects.count {
                defer { cursor += 1 }
                switch story.effects[cursor] {
                case .admit(let id):
                    #expect(handed.insert(id).inserted)
                    story.apply(.handed(testJob(id), Masker()))
                case .start:
                    runs = true
                    story.apply(.started(reportsStatus: false))
                case .release: runs = false
                default: break
                }
            }
        }
    }
}
