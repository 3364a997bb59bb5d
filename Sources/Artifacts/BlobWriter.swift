import CLinux
import Glibc

/// Hashes one file after another, on one thread, and writes to the side those that the store does not have.
struct BlobWriter: ~Copyable {
    private let hash = SHA256()
    private let buffer = Buffer()
    /// The file whose digest is not known yet.
    private let incoming = Array("incoming-\(UInt64.random(in: .min ... .max))".utf8CString)

    /// A file that can be read twice.
    func take(
        _ file: borrowing Descriptor, sizeBytes: Int, mode: UInt16, _ path: ArtifactPath, into intake: borrowing Intake
    ) throws(ArtifactError) -> (digest: BlobDigest, sizeBytes: Int) {
        let first = try file.fill(buffer.bytes, enough: sizeBytes, of: path.description)
        if first < buffer.bytes.count { return try takeSmall(first, mode, path, intake) }
        guard intake.blobs.mayHave(largeOf: sizeBytes) else {
            return try takeLarge(first, mode, path, counted: 0, intake) { (buffer) throws(ArtifactError) in
                try file.fill(buffer, of: path.description)
            }
        }
        let (digest, counted) = try hashLarge(first, file, path, intake)
        if intake.has(digest, counted) { return (digest, counted) }
        // It may have changed since, so what is written is hashed again.
        if lseek(file.raw, 0, SEEK_SET) != 0 { throw .system(errno, "cannot read", path.description) }
        let again = try file.fill(buffer.bytes, of: path.description)
        return try takeLarge(again, mode, path, counted: counted, intake) { (buffer) throws(ArtifactError) in
            try file.fill(buffer, of: path.description)
        }
    }

    private func hashLarge(
        _ first: Int, _ file: borrowing Descriptor, _ path: ArtifactPath, _ intake: borrowing Intake
    ) throws(ArtifactError) -> (BlobDigest, sizeBytes: Int) {
        var (count, sizeBytes) = (first, 0)
        while count > 0 {
            hash.update(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
            try intake.count(path, count)
            sizeBytes += count
            count = try file.fill(buffer.bytes, of: path.description)
        }
        return (hash.finish(), sizeBytes)
    }

    /// - Parameter fill: fills the buffer as far as the file goes, and returns how far.
    func take(
        mode: UInt16, _ path: ArtifactPath, into intake: borrowing Intake,
        fill: (UnsafeMutableRawBufferPointer) throws(ArtifactError) -> Int
    ) throws(ArtifactError) -> (digest: BlobDigest, sizeBytes: Int) {
        let first = try fill(buffer.bytes)
        if first < buffer.bytes.count { return try takeSmall(first, mode, path, intake) }
        return try takeLarge(first, mode, path, counted: 0, intake, fill)
    }

    /// A file that fits the buffer is written only if it is new.
    private func takeSmall(
        _ count: Int, _ mode: UInt16, _ path: ArtifactPath, _ intake: borrowing Intake
    ) throws(ArtifactError) -> (digest: BlobDigest, sizeBytes: Int) {
        try intake.count(path, count)
        let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
        let digest: BlobDigest = hash.digest(of: bytes)
        // Should another thread be writing the same, it is left to it.
        if !intake.has(digest, count), let file = try intake.create(digest.fileName, mode: mode) {
            try file.write(bytes, to: intake.temporary.path)
            intake.keep(digest, count)
        }
        return (digest, count)
    }

    /// A larger file is written while it is hashed: it might change before a second look.
    /// - Parameter counted: so many of its bytes are counted already.
    private func takeLarge(
        _ first: Int, _ mode: UInt16, _ path: ArtifactPath, counted: Int, _ intake: borrowing Intake,
        _ fill: (UnsafeMutableRawBufferPointer) throws(ArtifactError) -> Int
    ) throws(ArtifactError) -> (digest: BlobDigest, sizeBytes: Int) {
        guard let file = try intake.create(incoming, mode: mode) else {
            preconditionFailure("nobody else has this name, and it is free after each file")
        }
        var (count, sizeBytes) = (first, 0)
        while count > 0 {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
            hash.update(bytes)
            try file.write(bytes, to: intake.temporary.path)
            // All at once in the end the disk would have to take it while nobody hashes.
            csystem_begin_writing(file.raw, off_t(sizeBytes), off_t(count))
            sizeBytes += count
            try intake.count(path, max(0, min(count, sizeBytes - counted)))
            count = try fill(buffer.bytes)
        }
        let digest: BlobDigest = hash.finish()
        if intake.has(digest, sizeBytes) {
            unlinkat(intake.temporary.directory.raw, incoming, 0)
        } else {
            try intake.keep(digest, sizeBytes, from: incoming)
        }
        return (digest, sizeBytes)
    }
}
