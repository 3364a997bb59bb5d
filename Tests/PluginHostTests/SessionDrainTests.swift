import Glibc
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The session of a job: the end of its pipes")
struct SessionDrainTests {
    @Test("the verdict waits for the pipes: lines after the exit still count (HST-03)")
    func drains() {
        var story = SessionStory()
        story.apply(.exited(.code(0)))
        story.line("last words", .error)
        story.say(.done)
        story.apply(.ended(.error))
        #expect(story.verdicts.isEmpty)
        story.apply(.ended(.output))
        #expect(story.failure == nil)
        #expect(story.log.last?.text == "last words")
    }

    @Test("pipes that somebody else holds open delay it by one second (HST-06)")
    func held() {
        var story = SessionStory()
        story.say(.done)
        story.apply(.exited(.code(0)))
        let effects = story.apply(.fired(.drain, after: .seconds(1)))
        #expect(effects.contains(.signal(SIGKILL, .group)))
        #expect(story.log.last?.text.contains("kept its pipes open") == true)
        #expect(story.verdicts == [.succeeded(.done)])
    }

    @Test("pipes may end before the process does")
    func endsEarly() {
        var story = SessionStory()
        story.say(.done)
        story.apply(.ended(.output))
        story.apply(.ended(.error))
        #expect(story.verdicts.isEmpty)
        story.apply(.exited(.code(0)))
        #expect(story.verdicts.count == 1)
    }

    @Test("all that happens after the verdict is ignored")
    func over() {
        var story = SessionStory()
        story.exit(.code(0))
        #expect(story.say(.done).isEmpty)
        #expect(story.apply(.cancel(.user)).isEmpty)
        #expect(story.apply(.exited(.code(1))).isEmpty)
    }
}
