import Glibc
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The session of a job: a sandbox that tells its status")
struct SandboxedSessionTests {
    @Test("a cancel reaches the group of the sandbox's child once it is known (CAN-01)")
    func cancel() {
        var story = SessionStory(sandboxed: true)
        #expect(story.line(#"{"child-pid": 77}"#, .status) == [.tell(.sandboxed(pid: 77))])
        #expect(story.apply(.cancel(.user)).contains(.signal(SIGTERM, .innerGroup(77))))
        #expect(story.apply(.fired(.kill, after: .seconds(10))) == [.signal(SIGKILL, .group)])
        story.exit(.signal(9))
        #expect(story.verdicts == [.abandoned(.user, nil)])
    }

    @Test("a cancel before that goes to the sandbox itself")
    func early() {
        var story = SessionStory(sandboxed: true)
        #expect(story.apply(.cancel(.user)).contains(.signal(SIGTERM, .group)))
        story.exit(.signal(15))
        #expect(story.verdicts == [.abandoned(.user, nil)])
    }

    @Test("without an exit code on its pipe the plugin never ran (SandboxFailed)")
    func neverRan() {
        var story = SessionStory(sandboxed: true)
        story.line("bwrap: No permissions to create new namespace", .error)
        story.exit(.code(1))
        #expect(story.failure?.hostCode == .sandboxFailed)
        #expect(story.failure?.type == .systemUnavailable)
        #expect(story.failure?.message.contains("No permissions to create new namespace") == true)
    }

    @Test(
        "a program that cannot be started in the sandbox is told apart by what its maker says",
        arguments: ["bwrap: execvp ", "penstock-sandbox: cannot start the plugin's program "])
    func noProgram(words: String) {
        var story = SessionStory(sandboxed: true)
        story.line("\(words)/plugin/run: No such file or directory", .error)
        story.exit(.code(125))
        #expect(story.failure?.hostCode == .commandNotFound)
        #expect(story.failure?.message.contains("must be below /usr or in the plugin's folder") == true)
    }

    @Test("the exit that counts is the plugin's: 128 and more is a signal")
    func exit() {
        for (code, hostCode, text) in [
            (3, HostCode.noResult, "exit status 3 without a result"),
            (137, .signalled, "killed by SIGKILL (9) without"),
        ] {
            var story = SessionStory(sandboxed: true)
            story.line(#"{"child-pid": 77}"#, .status)
            story.line(#"{"exit-code": \#(code)}"#, .status)
            story.exit(.code(Int32(code)))
            #expect(story.failure?.hostCode == hostCode)
            #expect(story.failure?.message.contains(text) == true)
        }
    }

    @Test("after the plugin has ended its pid is not signalled any more")
    func ended() {
        var story = SessionStory(sandboxed: true)
        story.line(#"{"child-pid": 77}"#, .status)
        story.line(#"{"exit-code": 0}"#, .status)
        #expect(story.apply(.cancel(.user)).contains(.signal(SIGTERM, .group)))
    }

    @Test("a broken status line is ignored")
    func broken() {
        var story = SessionStory(sandboxed: true)
        for line in ["", "{", "[]", #"{"child-pid": "x"}"#, #"{"exit-code": 99999999999}"#] {
            #expect(story.line(line, .status).isEmpty)
        }
        story.say(.done)
        story.line(#"{"exit-code": 0}"#, .status)
        story.exit(.code(0))
        #expect(story.failure == nil)
    }
}
