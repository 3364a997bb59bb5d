import Conformance
import Dispatch
import Glibc

/// Those that ask a command to end. A terminal that goes away says SIGHUP, unless we were started not to mind (nohup).
func endingSignals() -> [Int32] { [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP]) }

private func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    // SIG_IGN is the number 1 in a function's clothes.
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
}

/// Judges; a signal that asks to end has everything cleared away first, a second one ends the process at once.
///
/// Once a process: a second one would wait for signals that still go to the first.
/// - Throws: `Answer` when there was such a signal.
func interruptible<Value>(
    else message: String = "interrupted: nothing is said of the plugin", _ judge: () async throws -> Value
) async throws -> Value {
    let signals = endingSignals().map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            if Interruption.wasRequested { _exit(Exit.stopped.rawValue) }
            Interruption.request()
        }
        source.resume()
        return source
    }
    defer { for signal in signals { signal.cancel() } }
    let outcome: Value
    do {
        outcome = try await judge()
    } catch  where Interruption.wasRequested {
        throw Answer(.stopped, message)
    }
    guard !Interruption.wasRequested else { throw Answer(.stopped, "interrupted") }
    return outcome
}
