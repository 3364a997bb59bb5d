import Glibc

/// What /proc tells of a process.
struct ProcessState {
    let hasEnded: Bool
    let parent: Int32
    let session: Int32
    let startTimeTicks: UInt64
    let cpuTicks: UInt64

    init?(pid: Int32) {
        // The second field is a name in parentheses, which may hold blanks and parentheses itself.
        guard let text = contents(of: "/proc/\(pid)/stat"), let nameEnd = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: nameEnd)...].split(separator: " ")
        guard fields.count > 19, let session = Int32(fields[3]), let ticks = UInt64(fields[19]) else { return nil }
        self.session = session
        parent = Int32(fields[1]) ?? 0
        cpuTicks = fields[11...14].reduce(0) { $0 + (UInt64($1) ?? 0) }
        hasEnded = fields[0] == "Z" || fields[0] == "X"
        startTimeTicks = ticks
    }

    /// The real user; the owner of the folder in /proc is root's for a process that may not be traced.
    static func userOf(_ pid: Int32) -> UInt32? {
        guard let text = contents(of: "/proc/\(pid)/status"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Uid:") })
        else { return nil }
        return UInt32(line.split(separator: "\t")[1])
    }
}

/// The beginning of a file of /proc, whose name in a process may be any bytes.
func contents(of path: String, limitBytes: Int = 4_096) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: limitBytes)
    let count = read(descriptor, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
}
