import Dispatch
import Glibc
import Synchronization

/// Calls `work` for each number below `count`, on a few threads, one of which is the caller's, or on that alone.
///
/// Numbers are handed out in order. After an error no more are, so that what is thrown is the error of the smallest number
/// that has one, whatever the threads do.
/// - Parameters:
///   - sizeBytes: how much all of them have to read.
///   - worker: makes what one thread has for itself.
func inParallel<Worker: ~Copyable>(
    _ count: Int, sizeBytes: Int, worker: @Sendable () throws(ArtifactError) -> Worker,
    _ work: @Sendable (inout Worker, Int) throws(ArtifactError) -> Void
) throws(ArtifactError) {
    let state = Mutex(Progress())
    // Waking a thread takes as long as some files do.
    let threads = min(width, count, max(1, count / 64, sizeBytes >> 20))
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
        var number = -1
        do throws(ArtifactError) {
            var own = try worker()
            while true {
                let taken = state.withLock { state -> Int? in
                    guard state.failure == nil, state.next < count else { return nil }
                    defer { state.next += 1 }
                    return state.next
                }
                guard let taken else { return }
                number = taken
                try work(&own, taken)
            }
        } catch {
            state.withLock { state in
                if number < state.failure?.number ?? .max { state.failure = (number, error) }
            }
        }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure.error }
}

/// One that waits for the disk leaves the processor to another; more than a few only make each other wait.
private let width = min(8, max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

private struct Progress {
    var next = 0
    var failure: (number: Int, error: ArtifactError)?
}
