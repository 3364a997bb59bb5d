#if DEBUG
    import Glibc
    import Synchronization

    /// Ends the process as `kill -9` does when `PENSTOCK_FAILPOINT` names this step: `NAME`, or `NAME:COUNT` for the
    /// time that counts. A release build does nothing here.
    public func reach(_ failpoint: Failpoint) {
        guard let fatal, fatal.failpoint == failpoint,
            reached.wrappingAdd(1, ordering: .relaxed).newValue == fatal.count
        else { return }
        kill(getpid(), SIGKILL)
    }

    private let reached = Atomic<Int>(0)

    /// A name that is none ends the process at once: a test that misspells it would prove nothing.
    private let fatal: (failpoint: Failpoint, count: Int)? = {
        guard let value = getenv("PENSTOCK_FAILPOINT").map({ String(cString: $0) }) else { return nil }
        let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let failpoint = Failpoint(rawValue: parts[0]), let count = parts.count == 1 ? 1 : Int(parts[1]), count > 0
        else {
            let names = Failpoint.allCases.map(\.rawValue).joined(separator: ", ")
            let text = "PENSTOCK_FAILPOINT=\(value): is not NAME or NAME:COUNT, where NAME is one of \(names)\n"
            _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            exit(3)
        }
        return (failpoint, count)
    }()

    /// Refuses a wrong name also where no step is reached.
    public func checkFailpoint() { _ = fatal }
#else
    @inlinable
    public func reach(_ failpoint: Failpoint) {}

    @inlinable
    public func checkFailpoint() {}
#endif
