import Engine
import Glibc
import PluginHost

extension Plugin {
    /// A file of the plugin's that was changed or put there after a moment; nil when there is none.
    ///
    /// By the time of the last change of any kind, which cannot be set back as that of the content can.
    public func change(since moment: Instant) -> String? {
        var pending = [directory]
        while let path = pending.popLast() {
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            let changed = Int64(status.st_ctim.tv_sec) * 1_000 + Int64(status.st_ctim.tv_nsec) / 1_000_000
            if changed > moment.milliseconds { return path }
            guard status.st_mode & S_IFMT == S_IFDIR else { continue }
            pending += folders(in: path).sorted(by: >).map { "\(path)/\($0)" }
        }
        return nil
    }
}
