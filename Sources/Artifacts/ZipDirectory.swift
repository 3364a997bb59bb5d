import Glibc

/// What the central directory of a zip says, read byte by byte.
///
/// libarchive unpacks, but its names are not always those in the zip: it ends them at a NUL, turns backslashes into
/// slashes, composes accents, and depends on the locale.
struct ZipDirectory {
    /// In the order in which libarchive hands the entries over.
    let records: [ZipRecord]

    /// - Throws: `badZip`, `badName`, `limitExceeded`, `system`.
    init(of file: borrowing Descriptor, path: String, limits: ArtifactLimits) throws(ArtifactError) {
        let zip = ZipBytes(raw: file.raw, path: path, sizeBytes: Int(try file.status(of: path).st_size))
        let range = try zip.directoryRange()
        var records = [ZipRecord]()
        var (position, textBytes) = (range.lowerBound, 0)
        while position < range.upperBound {
            let record = try ZipRecord(in: zip, at: position)
            try limits.check(record.path, after: records.count)
            textBytes += record.path.bytes.count
            try limits.check(record.path, textBytes: textBytes)
            records.append(record)
            position += record.length
        }
        // libarchive goes by position. In a zip of more than 4 GiB the largest are not told here, but stand in order.
        self.records = records.enumerated()
            .sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }.map(\.element)
        for (record, next) in Swift.zip(self.records, self.records.dropFirst())
        where record.offset == next.offset && record.offset < 0xFFFF_FFFF {
            throw zip.bad("\(record.path) and \(next.path) lay claim to the same bytes")
        }
    }
}

/// One entry of a zip's central directory.
struct ZipRecord {
    /// As it stands in the zip.
    let name: [UInt8]
    let path: ArtifactPath
    let isEncrypted: Bool
    /// The `S_IFMT` part of the mode that a Unix wrote, else 0: libarchive takes a FIFO for a file.
    let kind: mode_t
    /// 0xFFFFFFFF or more is told elsewhere, as 0xFFFFFFFF.
    let sizeBytes: Int
    let offset: Int
    /// Of the record itself, in bytes.
    let length: Int

    init(in zip: ZipBytes, at position: Int) throws(ArtifactError) {
        let fixed = try zip.read(46, at: position)
        guard fixed.starts(with: [0x50, 0x4B, 1, 2]) else { throw zip.bad("its directory is damaged") }
        let nameLength = fixed.number(2, at: 28)
        name = try zip.read(nameLength, at: position + 46)
        length = 46 + nameLength + fixed.number(2, at: 30) + fixed.number(2, at: 32)
        // Bit 0: the content is encrypted; 6: strongly; 13: so is the directory.
        isEncrypted = fixed.number(2, at: 8) & 0x2041 != 0
        kind = [3, 19].contains(fixed[5]) ? mode_t(fixed.number(2, at: 40)) & S_IFMT : 0
        sizeBytes = fixed.number(4, at: 24)
        offset = fixed.number(4, at: 42)
        // Made on FAT or NTFS, where no name holds a backslash: it can only be a separator.
        path = try Self.path(name, separatedByBackslash: [0, 10].contains(fixed[5]), in: zip)
    }

    /// The place that a name means, whichever way it is written.
    private static func path(
        _ name: [UInt8], separatedByBackslash: Bool, in zip: ZipBytes
    ) throws(ArtifactError) -> ArtifactPath {
        let slashed = name.map { $0 == backslash ? slash : $0 }
        var bytes = separatedByBackslash ? slashed : name
        if bytes.count > 1, bytes.last == slash { bytes.removeLast() }
        let components = bytes.split(separator: slash, omittingEmptySubsequences: false)
        bytes = Array(components.filter { $0 != [UInt8(ascii: ".")] }.joined(separator: [slash]))
        var fault = ArtifactPath.fault(in: bytes)
        // Harmless here, but whoever unpacks it elsewhere would be led out: nobody honest makes it.
        if slashed.first == slash || slashed.split(separator: slash).contains([0x2E, 0x2E]) {
            fault = fault ?? "read with backslashes as separators it leads out of the archive"
        }
        if separatedByBackslash, components[0].count == 2, components[0].last == UInt8(ascii: ":") {
            fault = "it begins with a drive"
        }
        guard fault == nil, let path = ArtifactPath(bytes) else {
            throw ArtifactError(
                .badName, escaped(name), "\(zip.path) holds an entry named \"\(escaped(name))\": \(fault ?? "")")
        }
        return path
    }

    /// Whether libarchive's name for an entry can be this one's; where it would change the name, it is not asked.
    func agrees(with name: UnsafePointer<CChar>?) -> Bool {
        guard let name, self.name.allSatisfy({ $0 < 0x80 && $0 != 0 && $0 != backslash }) else { return true }
        let other = UnsafeRawBufferPointer(start: name, count: strlen(name))
        return self.name.elementsEqual(other) || (self.name + [slash]).elementsEqual(other)
    }
}

private let backslash = UInt8(ascii: "\\")

/// The bytes of a zip file that is open elsewhere.
struct ZipBytes {
    let raw: Int32
    let path: String
    let sizeBytes: Int

    func read(_ count: Int, at position: Int) throws(ArtifactError) -> [UInt8] {
        guard position >= 0, position + count <= sizeBytes else { throw bad("it is cut short or damaged") }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = count == 0 ? 0 : max(0, pread(raw, buffer.baseAddress, count, position))
        }
        if bytes.count < count { throw bad("it cannot be read at byte \(position)") }
        return bytes
    }

    /// Where the central directory stands: right before the record that ends the file.
    func directoryRange() throws(ArtifactError) -> Range<Int> {
        let end = try endRecord()
        let record = try read(22, at: end)
        let size = record.number(4, at: 12)
        if [record.number(2, at: 10), size, record.number(4, at: 16)].allSatisfy({ $0 != 0xFFFF && $0 != 0xFFFF_FFFF })
        {
            guard size <= end else { throw bad("its directory is damaged") }
            return end - size..<end
        }
        // The numbers did not fit: they are in a second record, which a third one points to.
        let locator = try read(20, at: end - 20)
        let largeEnd = locator.number(8, at: 8)
        let large = try read(56, at: min(largeEnd, sizeBytes))
        let largeSize = large.number(8, at: 40)
        guard large.starts(with: [0x50, 0x4B, 6, 6]), largeSize <= largeEnd else {
            throw bad("its directory is damaged")
        }
        return largeEnd - largeSize..<largeEnd
    }

    /// The end record is 22 bytes long, and only a comment of at most 65,535 bytes may follow.
    private func endRecord() throws(ArtifactError) -> Int {
        let tail = try read(min(sizeBytes, 22 + 0xFFFF), at: sizeBytes - min(sizeBytes, 22 + 0xFFFF))
        for start in stride(from: tail.count - 22, through: 0, by: -1)
        where tail[start...].starts(with: [0x50, 0x4B, 5, 6])
            && start + 22 + tail.number(2, at: start + 20) == tail.count
        {
            return sizeBytes - tail.count + start
        }
        let begins = try read(min(sizeBytes, 4), at: 0)
        if begins == [0x50, 0x4B, 3, 4] { throw bad("it is cut short: the directory at its end is missing") }
        throw bad("it is not a zip file")
    }

    func bad(_ reason: String) -> ArtifactError { ArtifactError(.badZip, path, "cannot unpack \(path): \(reason)") }
}

extension [UInt8] {
    /// A little-endian number of at most eight bytes; one over Int.max is as good as Int.max.
    fileprivate func number(_ count: Int, at offset: Int) -> Int {
        let value = self[offset..<offset + count].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(clamping: value)
    }
}
