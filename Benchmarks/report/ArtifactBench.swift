import Artifacts
import Glibc
import Processes
import Workspaces

/// 10,000 files of 4 KiB and one of 256 MiB into the store and out of it, beside the least that can be done with them.
///
/// All in turns, on one file system, with the files in the page cache.
struct ArtifactBench {
    private let site: Site
    private var root: String { site.root }
    private var milliseconds: [Step: Series] = [:]
    private var mebibytes: [Step: Series] = [:]

    /// In the order of a round.
    enum Step: String, CaseIterable {
        case hash = "openssl dgst -sha256 of all files"
        case write = "write of the same bytes to one file, fsync"
        case writeFiles = "write of the same bytes as such files, syncfs"
        case ingest = "ingest"
        case again = "ingest again, nothing changed"
        case changed = "ingest again, one file changed"
        case copyLinks = "cp -al"
        case links = "materialise by links"
        case copyFiles = "cp -a"
        case copies = "materialise by copies"
        case verify = "verify"
        case whole = "penstock run, sandboxed: it is the source of two actions"
    }

    init(in directory: String, programs: String) async throws {
        site = try await Site(in: directory, programs: programs)
    }

    func remove() { site.remove() }

    mutating func report(rounds: Int) async throws {
        try Self.fill("\(root)/files", with: Noise())
        sync()
        for round in 0..<rounds { try await self.round(round) }
        Bench.show("10,000 files of 4 KiB and one of 256 MiB, \(rounds) rounds in turns, ms: median (smallest–largest)")
        for step in Step.allCases {
            let memory = mebibytes[step].map { "   grew by \(fixed($0.values.max()!)) MiB at most" } ?? ""
            Bench.show("  " + pad(step.rawValue, 56) + milliseconds[step]!.text + memory)
        }
        Bench.show("times their floors: of the medians, of the smallest")
        compare("ingest", [.ingest], [.hash, .write], "   aim: at most 1.5")
        compare("ingest, where the floor makes as many files", [.ingest], [.hash, .writeFiles])
        compare("ingest with one file changed", [.changed], [.hash, .write])
        compare("ingest with nothing changed", [.again], [.hash])
        compare("materialise by links, digests checked", [.links], [.copyLinks], "   aim: at most 2")
        compare("materialise by copies, digests checked", [.copies], [.copyFiles])
        let thrice = [Step](repeating: .copyFiles, count: 3)
        compare("one action to two others, to three cp -a", [.ingest, .links, .links], thrice)
        compare("the same by penstock run, from its start to its end", [.whole], thrice)
    }

    private func compare(_ what: String, _ own: [Step], _ floor: [Step], _ aim: String = "") {
        func ratio(_ value: (Series) -> Double) -> String {
            func sum(_ steps: [Step]) -> Double { steps.reduce(0) { $0 + value(milliseconds[$1]!) } }
            return fixed(sum(own) / sum(floor))
        }
        Bench.show("  " + pad(what, 56) + "\(ratio(\.median)), \(ratio { $0.values.min()! })\(aim)")
    }

    private mutating func round(_ number: Int) async throws {
        let (files, to) = ("\(root)/files", "\(root)/\(number)")
        mkdir(to, 0o755)
        try await shell(.hash, "find \(files) -type f -print0 | xargs -0 openssl dgst -sha256")
        try measure(.write) { try Self.stream(to: "\(to)/stream") }
        settle("\(to)/stream")
        let noise = Noise()
        try measure(.writeFiles) {
            try Self.fill("\(to)/written", with: noise)
            // There is no syncfs in Swift's Glibc; nothing else is written meanwhile.
            sync()
        }
        settle("\(to)/written/large")
        let store = try ArtifactStore(directory: "\(to)/artifacts")
        let digest = try measure(.ingest) { try store.ingest(directory: files) }
        _ = try measure(.again) { try store.ingest(directory: files) }
        try Self.write(Noise().bytes[..<4_096], to: "\(files)/d7/f\(number % 100)")
        _ = try measure(.changed) { try store.ingest(directory: files) }
        try await shell(.copyLinks, "cp -al \(files) \(to)/names")
        try measure(.links) { try store.materialise(digest, into: "\(to)/links", sharing: .links) }
        try await shell(.copyFiles, "cp -a \(files) \(to)/copied")
        settle("\(to)/copied/large")
        try measure(.copies) { try store.materialise(digest, into: "\(to)/copies") }
        settle("\(to)/copies/large")
        let verification = try measure(.verify) { try store.verify([digest]) }
        guard verification.damage.isEmpty else { throw MeasurementFailed(description: "\(verification.damage[0])") }
        sync()
        let taken = try await site.stopwatch.time(try site.handOver(files, state: "\(number)/state"))
        milliseconds[.whole, default: Series()].add(taken.milliseconds)
        for entry in try store.entries(of: digest) {
            guard case .file(_, Self.largeMebibytes << 20, let blob) = entry.kind else { continue }
            unlink("\(to)/links/large")
            settle("\(store.directory)/blobs/\(blob)")
        }
    }

    /// Removes a large file that is not measured any more, and waits until the disk has nothing to do.
    ///
    /// The many small ones stay until the end: an ext4 without a journal does not give an inode again for minutes after
    /// its file was removed, and looks at all those first when it makes another, at twenty times the cost.
    private func settle(_ path: String) {
        unlink(path)
        sync()
    }

    private mutating func shell(_ step: Step, _ script: String) async throws {
        let command = Command(
            executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"])
        milliseconds[step, default: Series()].add(try await site.stopwatch.time(command).milliseconds)
    }

    private mutating func measure<Value>(_ step: Step, _ body: () throws -> Value) throws -> Value {
        let before = try Self.peakKibibytes(afterReset: true)
        let began = ContinuousClock.now
        let value = try body()
        milliseconds[step, default: Series()].add((ContinuousClock.now - began) / .milliseconds(1))
        let grown = max(0, try Self.peakKibibytes(afterReset: false) - before)
        mebibytes[step, default: Series()].add(Double(grown) / 1_024)
        return value
    }

    /// Of this process, in memory at once.
    private static func peakKibibytes(afterReset: Bool) throws -> Int {
        if afterReset, let file = fopen("/proc/self/clear_refs", "we") {
            fputs("5", file)
            fclose(file)
        }
        let line = try readLines("/proc/self/status").first { $0.hasPrefix("VmHWM:") } ?? ""
        return Int(line.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "") ?? 0
    }

    // MARK: What is written

    private static let largeMebibytes = 256

    private static func fill(_ folder: String, with noise: Noise) throws {
        mkdir(folder, 0o755)
        for directory in 0..<100 {
            mkdir("\(folder)/d\(directory)", 0o755)
            for file in 0..<100 {
                let start = (directory * 100 + file) * 97
                try write(noise.bytes[start..<start + 4_096], to: "\(folder)/d\(directory)/f\(file)")
            }
        }
        let large = try open("\(folder)/large")
        for number in 0..<largeMebibytes { try write(noise.mebibyte(number), to: large) }
        close(large)
    }

    private static func stream(to path: String) throws {
        let noise = Noise()
        let file = try open(path)
        for number in 0..<largeMebibytes + 40 { try write(noise.mebibyte(number), to: file) }
        fsync(file)
        close(file)
    }

    private static func open(_ path: String) throws -> Int32 {
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw MeasurementFailed(description: "\(path): \(String(cString: strerror(errno)))") }
        return file
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to path: String) throws {
        let file = try open(path)
        defer { close(file) }
        try write(bytes, to: file)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to file: Int32) throws {
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw MeasurementFailed(description: "the disk is full") }
    }
}

/// Bytes of which no two stretches are the same.
private struct Noise {
    let bytes: [UInt8]

    init() {
        var random = SystemRandomNumberGenerator()
        bytes = [UInt8](unsafeUninitializedCapacity: 4 << 20) { buffer, count in
            let words = UnsafeMutableRawBufferPointer(buffer).bindMemory(to: UInt64.self)
            for index in words.indices { words[index] = random.next() }
            count = 4 << 20
        }
    }

    func mebibyte(_ number: Int) -> ArraySlice<UInt8> { bytes[number * 4_093..<number * 4_093 + (1 << 20)] }
}
