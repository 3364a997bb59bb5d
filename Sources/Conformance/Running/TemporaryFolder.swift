import Glibc
import Processes

/// A plugin must not be blamed for a disk that is full.
private let leastFreeBytes = 256 << 20

/// Makes a folder of ours alone, in `TMPDIR`.
/// - Throws: with what to do, also when there is hardly any room.
public func makeTemporaryFolder() throws(KitFault) -> String {
    let named = getenv("TMPDIR").map { String(cString: $0) } ?? ""
    let parent = named.isEmpty ? "/tmp" : named
    func fault(_ what: String) -> KitFault { KitFault("no temporary folder can be used: \(parent) \(what)") }
    var volume = statvfs()
    guard statvfs(parent, &volume) == 0 else { throw fault("(TMPDIR): \(message(ofError: errno))") }
    let freeBytes = Int(volume.f_bavail) * Int(volume.f_frsize)
    guard freeBytes >= leastFreeBytes else {
        throw fault("has \(freeBytes >> 20) MiB left, and \(leastFreeBytes >> 20) are needed; make room, or set TMPDIR")
    }
    // mkdtemp puts random letters in the place of the six.
    var template = Array("\(realPath(parent) ?? parent)/penstock-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!).map { String(cString: $0) } }
    guard let made else { throw fault("(TMPDIR): \(message(ofError: errno))") }
    return made
}
