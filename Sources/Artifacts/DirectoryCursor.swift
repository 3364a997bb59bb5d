import Glibc

/// The directory below a root in which a walk stands.
///
/// It holds two descriptors however deep the tree is, never follows a link, and never builds a path that the kernel
/// would refuse for its length.
struct DirectoryCursor: ~Copyable {
    private let root: Descriptor
    private var current: Descriptor
    private var path = ArtifactPath.root

    init(root: consuming Descriptor) throws(ArtifactError) {
        current = try root.descend([], to: .root)
        self.root = root
    }

    var directory: Descriptor { _read { yield current } }

    /// - Throws: `changed` when a component is no directory (any more), `denied`, `system`.
    mutating func move(to target: ArtifactPath) throws(ArtifactError) {
        if target == path { return }
        if target.isBelow(path) {
            current = try current.descend(target.components(below: path), to: target)
        } else {
            current = try root.descend(target.components(below: .root), to: target)
        }
        path = target
    }
}

extension Descriptor {
    /// Opens the directory to which the components lead from this one, over no link.
    func descend(_ components: [ArraySlice<UInt8>], to path: ArtifactPath) throws(ArtifactError) -> Descriptor {
        var reached = try descend(to: [UInt8(ascii: ".")], on: path)
        for component in components { reached = try reached.descend(to: component, on: path) }
        return reached
    }

    private func descend(to name: ArraySlice<UInt8>, on path: ArtifactPath) throws(ArtifactError) -> Descriptor {
        let next = openat(raw, fileName(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if next >= 0 { return Descriptor(taking: next) }
        switch errno {
        case ENOENT, ENOTDIR, ELOOP:
            throw ArtifactError(
                .changed, path.description,
                "\(path): \"\(escaped(name))\" is not a directory, or no longer: the tree changed while it was walked")
        case let number: throw .system(number, "cannot read", path.description)
        }
    }
}

/// The bytes of a directory entry's name as a C string; they hold no NUL.
func fileName(_ bytes: some Collection<UInt8>) -> [CChar] {
    var name = [CChar]()
    name.reserveCapacity(bytes.count + 1)
    for byte in bytes { name.append(CChar(bitPattern: byte)) }
    name.append(0)
    return name
}

extension SHA256Digest {
    var fileName: [CChar] { Artifacts.fileName(hex) }
}
