import Glibc

extension SlotPool {
    /// Who has the users that a job waits for: the processes that have their lock files open.
    ///
    /// Only root sees those of others. All of the machine is looked at, so this is not for every wait.
    func waiting(for uids: [UInt32]) -> String {
        let wanted = Set(uids)
        let what = wanted.count == 1 ? "user \(uids[0])" : "one of the \(wanted.count) users \(self.uids)"
        let holders = holders().filter { !wanted.isDisjoint(with: $0.uids) }
        let told = holders.prefix(Self.toldHolders).map { holder in
            let lent = holder.uids.intersection(wanted).sorted()
            let users = "\(lent[0])\(lent.count > 1 ? " and \(lent.count - 1) more" : "")"
            let isOurs = holder.pid == getpid()
            return
                "\(users) by \(isOurs ? "another job of this " : "")process \(holder.pid) (\(command(of: holder.pid)))"
        }
        let rest = holders.count > told.count ? ["others by \(holders.count - told.count) more"] : []
        return "the job waits for \(what) to run as, taken: \((told + rest).joined(separator: ", "))"
    }

    /// Enough to see what goes on.
    private static let toldHolders = 5

    private func holders() -> [(pid: Int32, uids: Set<UInt32>)] {
        let users = Dictionary(uniqueKeysWithValues: uids.map { (realPath(lock(of: $0)) ?? lock(of: $0), $0) })
        var found: [(pid: Int32, uids: Set<UInt32>)] = []
        try? Directory("/proc").forEachName { name in
            guard let pid = Int32(String(cString: name)) else { return }
            var uids: Set<UInt32> = []
            try? Directory("/proc/\(pid)/fd").forEachName { descriptor in
                if let file = realPath("/proc/\(pid)/fd/\(String(cString: descriptor))"), let uid = users[file] {
                    uids.insert(uid)
                }
            }
            if !uids.isEmpty { found.append((pid, uids)) }
        }
        return found.sorted { $0.pid < $1.pid }
    }

    private func command(of pid: Int32) -> String {
        let arguments = contents(of: "/proc/\(pid)/cmdline", limitBytes: 4_096) ?? ""
        return String(arguments.split(separator: "\0").joined(separator: " ").prefix(80))
    }
}
