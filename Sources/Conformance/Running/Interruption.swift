import Glibc
import Synchronization
import Workspaces

/// That somebody has asked the kit to end: what runs is killed, nothing more is started, and so everything comes to its
/// usual end, in which it is cleared away.
public enum Interruption {
    private static let isRequested = Atomic(false)

    /// Ends all judging in this process, for good.
    public static func request() {
        isRequested.store(true, ordering: .sequentiallyConsistent)
        let own = getpid()
        for process in ProcessTree(below: own).processes where process.parent == own { kill(process.pid, SIGKILL) }
    }

    public static var wasRequested: Bool { isRequested.load(ordering: .sequentiallyConsistent) }

    static func check() throws(KitFault) {
        if wasRequested { throw KitFault("it was interrupted") }
    }
}
