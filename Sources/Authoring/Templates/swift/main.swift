// A Penstock plugin: it reads one job from standard input, and writes messages to standard output.
// Your work goes into work. What follows run is the protocol, and can stay as it is.

import FoundationEssentials
@preconcurrency import Glibc  // because of environ, which C does not protect
import Synchronization

/// If set, return soon, and leave nothing running.
let isCancelled = Atomic(false)

/// Returns the job's success. Whatever it throws fails the job.
func work(_ job: Job) throws -> Message {
    let configuration = job.data.actionConfiguration?.configuration ?? [:]
    let name = configuration["Name"] ?? ""
    guard (1...1000).contains(name.unicodeScalars.count) else {
        throw Failure(type: "ConfigurationError", message: "Name is “\(shortened(name))”: not 1 to 1000 characters")
    }
    let text = configuration["Seconds"] ?? "0"
    guard let seconds = Int(text), (0...3600).contains(seconds) else {
        throw Failure(type: "ConfigurationError", message: "Seconds is “\(shortened(text))”: not whole, 0 to 3600")
    }
    job.progress("Greeting \(shortened(name))", percent: 0)
    var files = 0
    for input in job.data.inputArtifacts ?? [] {
        for path in try FileManager.default.subpathsOfDirectory(atPath: input.path) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(input.path)/\(path)")
            files += attributes[.type] as? FileAttributeType == .typeRegular ? 1 : 0
        }
    }
    try run(["sleep", "\(seconds)"], of: job, seconds: seconds)
    let greeting = "Hello, \(name)!"
    for output in job.data.outputArtifacts ?? [] {
        try "\(greeting)\n".write(toFile: "\(output.path)/greeting.txt", atomically: false, encoding: .utf8)
    }
    var success = Message(type: "jobSuccessResult")
    success.currentRevision = ["revision": greeting]  // only: Source
    success.outputVariables = ["Greeting": greeting, "Files": "\(files)"]
    return success
}

/// Runs a program, and tells once a second how far it is. What the program prints goes to the log.
func run(_ command: [String], of job: Job, seconds: Int) throws {
    let arguments = command.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var child = pid_t()
    let error = posix_spawnp(&child, command[0], nil, nil, arguments, environ)
    guard error == 0 else { throw Failure(message: "\(command[0]): \(String(cString: strerror(error)))") }
    let start = ContinuousClock.now
    var (status, told) = (Int32(0), 0)
    while waitpid(child, &status, WNOHANG) == 0 {
        if isCancelled.load(ordering: .relaxed) { kill(child, SIGKILL) }
        let second = Int((ContinuousClock.now - start).components.seconds)
        if second > told && second < seconds {
            job.progress("Second \(second) of \(seconds)", percent: 100 * second / seconds)
            told = second
        }
        usleep(10_000)
    }
    let end = status & 0x7F == 0 ? "status \(status >> 8)" : "signal \(status & 0x7F)"
    guard status == 0 else { throw Failure(message: "\(command[0]) failed with \(end)") }
}

/// An error of one of the protocol's six types. Every other error is told as JobFailed.
struct Failure: Error {
    var type = "JobFailed"
    let message: String
}

struct Job: Decodable {
    struct Content: Decodable {
        let actionConfiguration: Action?
        let inputArtifacts, outputArtifacts: [Artifact]?
    }
    struct Action: Decodable { let configuration: [String: String]? }
    struct Artifact: Decodable {
        struct Location: Decodable { let pathLocation: Place }
        struct Place: Decodable { let path: String }
        let location: Location
        var path: String { location.pathLocation.path }  // relative to the working directory
    }
    let `protocol`, type, jobId: String
    let data: Content
}

struct Message: Encodable {
    struct Details: Encodable { let summary: String, percentComplete: Int }
    var `protocol` = "penstock/1"
    let type: String
    var jobId = ""
    var executionDetails: Details?
    var outputVariables, currentRevision, failureDetails: [String: String]?
}

extension Job {
    func progress(_ summary: String, percent: Int) {
        if !send(Message(type: "progress", executionDetails: .init(summary: summary, percentComplete: percent))) {
            isCancelled.store(true, ordering: .relaxed)
        }
    }

    /// Whether somebody reads the messages.
    func send(_ message: Message) -> Bool {
        var message = message
        message.jobId = jobId
        guard var line = try? JSONEncoder().encode(message) + [10] else { return false }
        while !line.isEmpty {
            let count = line.withUnsafeBytes { write(wire, $0.baseAddress, $0.count) }
            guard count > 0 else { return false }
            line = line.dropFirst(count)
        }
        return true
    }

    func outcome() -> Message {
        do {
            return try work(self)
        } catch {
            if isCancelled.load(ordering: .relaxed) { return Message(type: "jobAbandonedResult") }
            let failure = error as? Failure ?? Failure(message: "\(error)")
            let message = shortened(failure.message, to: 5000)
            return Message(type: "jobFailureResult", failureDetails: ["type": failure.type, "message": message])
        }
    }
}

func shortened(_ text: String, to limit: Int = 100) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit)))
}

let wire = fcntl(1, F_DUPFD_CLOEXEC, 3)  // for messages
dup2(2, 1)  // so that whatever prints, prints into the log
if isatty(0) == 1 && getenv("PENSTOCK_PROTOCOL") == nil {
    print("A pipeline host starts this plugin. To try it: penstock conformance run FOLDER")
    exit(64)
}
guard let line = AnyIterator({ readLine() }).first(where: { !$0.allSatisfy(\.isWhitespace) }) else { exit(0) }
let job: Job
do {
    job = try JSONDecoder().decode(Job.self, from: Data(line.utf8))
    guard job.protocol == "penstock/1", job.type == "job" else { throw Failure(message: "no job of penstock/1") }
} catch {
    print("Standard input holds something else than a job:", error)
    exit(65)
}
_ = freopen("/dev/null", "r", stdin)  // for children
signal(SIGTERM) { _ in isCancelled.store(true, ordering: .relaxed) }
signal(SIGPIPE) { _ in }  // so that a write fails, and does not kill us
exit(job.send(job.outcome()) ? 0 : 74)
