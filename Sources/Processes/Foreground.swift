import CLinux
import Glibc
import Synchronization

/// The children that `runInForeground` waits for, which are not the reactor's to reap.
let foreground = Mutex<Set<pid_t>>([])

/// Runs a command with our own standard input, output and error, and waits for its end.
///
/// It is in our process group: what is typed at a terminal, Ctrl-C and Ctrl-Z, reaches it, and while it runs we ignore
/// SIGINT and SIGQUIT, which are meant for it. A shell may take the terminal for its jobs; afterwards it is ours again, in
/// the state in which it was. Blocks its thread; one at a time, for a process has one terminal.
/// - Parameter command: nothing reads its status: `reportsStatus` must be false.
/// - Throws: `SpawnError` when it cannot be started.
public func runInForeground(_ command: Command) throws(SpawnError) -> Exit {
    precondition(!command.reportsStatus, "in the foreground nobody reads the status")
    let terminal = Terminal()
    let handlers = [SIGINT, SIGQUIT].map { ($0, signal($0, SIG_IGN)) }
    defer { for (number, handler) in handlers { signal(number, handler) } }
    var pid: pid_t = 0
    let failure = foreground.withLock { children in
        let failure = command.withVectors { arguments, environment in
            csystem_spawn_here(command.executable, arguments, environment, command.directory, &pid)
        }
        if failure == 0 { children.insert(pid) }
        return failure
    }
    guard failure == 0 else { throw SpawnError(command: command.executable, code: failure) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    foreground.withLock { _ = $0.remove(pid) }
    terminal?.takeBack()
    let number = status & 0x7F
    return number == 0 ? .code(status >> 8 & 0xFF) : .signal(number)
}

/// The terminal on our standard input, as it is now.
private struct Terminal {
    private let group: pid_t
    private let modes: termios

    /// Nil when there is none, or it is not ours now.
    init?() {
        var modes = termios()
        guard tcgetattr(STDIN_FILENO, &modes) == 0, tcgetpgrp(STDIN_FILENO) == getpgrp() else { return nil }
        (group, self.modes) = (getpgrp(), modes)
    }

    func takeBack() {
        // A group that does not have the terminal is stopped when it touches it, unless it ignores that.
        let handler = signal(SIGTTOU, SIG_IGN)
        defer { signal(SIGTTOU, handler) }
        tcsetpgrp(STDIN_FILENO, group)
        var modes = modes
        tcsetattr(STDIN_FILENO, TCSADRAIN, &modes)
    }
}
