// The rule DeploymentWindow: one job on standard input, its answer on standard output.

import DeploymentWindow
@preconcurrency import Glibc  // because of stdout and stderr, which C does not protect
import Jansson
import PluginProtocol

/// More than a host sends in one line. Spec: MSG-06
let lineLimitBytes = 1 << 21

func leave(_ status: Int32, _ text: String) -> Never {
    fputs("deployment-window: \(text)\n", stderr)
    exit(status)
}

/// The first line that is not blank; nil when there is none.
func firstLine() -> [UInt8]? {
    var line: [UInt8] = []
    while true {
        let character = getchar()
        if character == EOF || character == 10 {
            if line.contains(where: { ![9, 13, 32].contains($0) }) { return line }
            if character == EOF { return nil }
            line = []
        } else {
            line.append(UInt8(character))
            if line.count > lineLimitBytes {
                leave(65, "a line of standard input is longer than \(lineLimitBytes) bytes")
            }
        }
    }
}

/// The instant of a job, in seconds since 1970.
///
/// A case of the conformance kit sets the clock by `clock` in `providerSettings`, where it stands still until the window
/// was to open. The manifest declares no providerSettings, so that a host gives none.
func now(_ data: JSONReader, token: Int?) throws -> Int {
    guard let clock = try data.optional("providerSettings")?.optional("clock") else { return time(nil) }
    return max(try clock.integer(), token ?? 0)
}

func answer(_ job: JSONReader) -> PluginMessage.Body {
    do {
        let data = try job.required("data")
        let token = try data.optional("continuationToken")?.string()
        let configuration = try data.optional("actionConfiguration")?.optional("configuration")?.stringMembers() ?? [:]
        let window = try Window(configuration: configuration)
        return window.answer(at: try now(data, token: token.map(Window.opening)))
    } catch {
        let message = error is JSONTypeError ? "The job has another shape than a job: \(error)" : "\(error)"
        return .jobFailureResult(JobFailureResult(type: .configurationError, message: message))
    }
}

func say(_ body: PluginMessage.Body, of jobId: String) {
    let line = PluginMessage(jobId: jobId, body: body).json.serialized + [10]
    guard fwrite(line, 1, line.count, stdout) == line.count, fflush(stdout) == 0 else {
        leave(74, "nobody reads standard output")
    }
}

signal(SIGPIPE, SIG_IGN)
if isatty(0) == 1 && getenv("PENSTOCK_PROTOCOL") == nil {
    leave(64, "usage: a pipeline host starts this plugin. To try it: penstock conformance run FOLDER")
}
guard let line = firstLine() else { exit(0) }
let job: JSONReader
let jobId: String
do {
    job = JSONReader(try JSON(parsing: line))
    guard try job.required("protocol").string() == "penstock/1", try job.required("type").string() == "job" else {
        leave(65, "standard input holds no job of penstock/1")
    }
    jobId = try job.required("jobId").string()
} catch {
    leave(65, "standard input holds something else than a job: \(error)")
}
let body = answer(job)
switch body {
case .jobSuccessResult(let result):
    if let details = result.executionDetails {
        fputs("\(details.summary ?? "")\n", stderr)
        say(.progress(Progress(executionDetails: details)), of: jobId)
    }
case .jobFailureResult(let result): fputs("\(result.message)\n", stderr)
default: break
}
say(body, of: jobId)
