import Glibc
import Jansson
import PluginProtocol

@testable import PluginHost

/// A folder that is gone when the test ends.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/penstock-host-test-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "a temporary directory can be made")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove(path) }

    @discardableResult
    func directory(_ name: String) -> String {
        let path = "\(path)/\(name)"
        mkdir(path, 0o755)
        return path
    }

    @discardableResult
    func file(_ name: String, _ text: String, mode: mode_t = 0o644) -> String {
        let path = "\(path)/\(name)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        precondition(descriptor >= 0, "a file can be made in a temporary directory: \(name)")
        Array(text.utf8).withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
        fchmod(descriptor, mode)
        close(descriptor)
        return path
    }
}

private func remove(_ path: String) {
    for name in names(in: path) ?? [] {
        var status = stat()
        let child = "\(path)/\(name)"
        if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { remove(child) } else { unlink(child) }
    }
    rmdir(path)
}

extension LogRecord {
    /// One for each of its lines, which came together by the way in which they were read.
    var lines: [LogRecord] {
        text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            LogRecord(source: source, level: level, text: String(Substring($0)))
        }
    }
}

let jobId = "0f8f7d1e-54a5-4a5c-9c2e-2b1f3c4d5e6f"

func job(
    timeoutSeconds: Int = 60, cancelGraceSeconds: Int = 10, root: String = "/", configuration: [String: String] = [:],
    type: ActionTypeIdentifier = .init(category: "Deploy", owner: "Custom", provider: "Acme", version: "1")
) -> Job {
    Job(
        jobId: jobId, timeoutSeconds: timeoutSeconds, cancelGraceSeconds: cancelGraceSeconds,
        workspace: .init(root: root), host: .init(name: "core", version: "1"),
        data: JobData(
            actionTypeId: type, configuration: configuration,
            pipelineContext: .init(pipelineName: "p", stageName: "s", actionName: "a", actionExecutionId: "e")))
}

func manifest(
    name: String = "acme", provider: String = "Acme", run: String = #"{"command":["plugin"]}"#,
    permissions: String = "{}", type: String = ""
) -> String {
    #"{"manifestVersion":1,"name":"\#(name)","version":"1","protocol":["penstock/1"],"run":\#(run),"#
        + #""permissions":\#(permissions),"actionTypes":[{"category":"Deploy","provider":"\#(provider)","#
        + #""version":"1"\#(type)}]}"#
}

func parsed(_ manifest: String) throws -> Manifest { try Manifest(parsing: Array(manifest.utf8)) }

extension JobSuccessResult {
    static let done = JobSuccessResult(outputVariables: ["Url": "u"])
}

extension PluginMessage.Body {
    static let done = jobSuccessResult(.done)
    static let failed = jobFailureResult(
        JobFailureResult(type: .revisionUnavailable, message: "not there", externalExecutionId: "d-1"))
    static let abandoned = jobAbandonedResult(JobAbandonedResult())
}
