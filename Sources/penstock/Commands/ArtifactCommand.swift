import ArgumentParser
import Artifacts
import Engine
import Glibc
import Jansson

struct ArtifactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "artifact", abstract: "Looks into the artifacts that actions handed on.",
        discussion: """
            An artifact is called EXECUTION/NAME, where the first characters of the execution's id do and NAME is \
            that of the artifact, or ACTION/NAME, or STAGE/ACTION/NAME; or DIGEST, of which the first characters do.
            """,
        subcommands: [List.self, Get.self, Put.self, Verify.self, Diff.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Lists an execution's artifacts, or what is in one.")

        @Argument(help: "An execution or an artifact.")
        var reference: String

        @Argument(help: "Of the execution: NAME, ACTION/NAME or STAGE/ACTION/NAME.")
        var name: String?

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let shelf = try ArtifactShelf(common)
            let chosen = name.map { "\(reference)/\($0)" } ?? reference
            switch try await shelf.find(chosen) {
            case .artifact(let digest): try show(digest, in: shelf)
            case .execution(let id): try show(try await shelf.outputs(of: id), of: id, in: shelf)
            }
        }

        // Not in `run`: Swift 6.3.1 crashes when it optimises an asynchronous function that has these typed errors in it.
        @inline(never)
        private func show(_ digest: ArtifactDigest, in shelf: ArtifactShelf) throws {
            common.show(ShownArtifact(digest: digest, entries: try shelf.store.entries(of: digest)))
        }

        @inline(never)
        private func show(_ outputs: [ArtifactShelf.Output], of id: ExecutionID, in shelf: ArtifactShelf) throws {
            common.show(ShownOutputs(execution: id, outputs: try outputs.map { try shelf.measured($0) }))
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "get", abstract: "Copies an artifact into a folder or a zip, and checks every digest.")

        @Argument(help: "An artifact.")
        var reference: String

        @Argument(help: "A folder that is empty or not there, or a file that ends in .zip, which is replaced.")
        var target: String

        @OptionGroup var common: CommonOptions

        func validate() throws { try refuseEmpty(target, "the target") }

        func run() async throws {
            let shelf = try ArtifactShelf(common)
            let digest = try await shelf.artifact(reference)
            let target = absolute(target)
            if target.hasSuffix(".zip") {
                try shelf.store.pack(digest, toZip: target)
            } else {
                try shelf.store.materialise(digest, into: target)
            }
        }
    }

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "put", abstract: "Takes a folder, a zip or a tar into the store, and prints its digest.",
            discussion: "What no execution names goes with the next `penstock prune` that finds it old enough.")

        @Argument(help: "A folder, a zip or a tar, which may be packed.")
        var path: String

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let shelf = try ArtifactShelf(common)
            guard let real = realpath(path, nil) else {
                throw Answer(.usage, "\(path): \(String(cString: strerror(errno)))")
            }
            defer { free(real) }
            var status = stat()
            let isFolder = stat(real, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            let store = try shelf.writableStore()
            let digest =
                try isFolder
                ? store.ingest(directory: String(cString: real)) : store.ingest(archive: String(cString: real))
            switch common.format {
            case .json: print(JSON.object(["artifact": .string("\(digest)")]).text)
            case .human: print(digest)
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Reads artifacts and compares them with their digests.",
            discussion: "Exit code 0 says that all are sound, 1 that something is damaged or missing.")

        @Argument(help: "Artifacts; all that is in the store, if absent.")
        var references: [String] = []

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let shelf = try ArtifactShelf(common)
            var digests: [ArtifactDigest] = []
            for reference in references { digests.append(try await shelf.artifact(reference)) }
            let verification = try shelf.store.verify(references.isEmpty ? nil : digests)
            if !common.quiet || !verification.damage.isEmpty { common.show(ShownVerification(verification)) }
            throw Answer(verification.damage.isEmpty ? .yes : .no)
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff", abstract: "Names the files in which two artifacts differ.",
            discussion: """
                + is only in the second, - only in the first, ~ is something else. Exit code 0 says that they are the \
                same, 1 that they are not.
                """)

        @Argument(help: "An artifact.")
        var one: String

        @Argument(help: "Another.")
        var other: String

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let shelf = try ArtifactShelf(common)
            let (old, new) = (try await shelf.artifact(one), try await shelf.artifact(other))
            let changes = ArtifactChange.between(try shelf.store.entries(of: old), try shelf.store.entries(of: new))
            if !common.quiet { common.show(ShownChanges(old: old, new: new, changes: changes)) }
            throw Answer(changes.isEmpty ? .yes : .no)
        }
    }
}
