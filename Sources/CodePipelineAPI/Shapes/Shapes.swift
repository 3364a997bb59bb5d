import Engine
import Jansson

extension Instant {
    /// Seconds since 1970 UTC, as AWS's JSON has its moments.
    var timestamp: JSON {
        milliseconds.isMultiple(of: 1000) ? .integer(milliseconds / 1000) : .real(Double(milliseconds) / 1000)
    }
}

extension Start {
    /// STS-8
    var executionType: String { rollback == nil ? "STANDARD" : "ROLLBACK" }

    var rollbackMetadata: JSON? {
        rollback.map { ["rollbackTargetPipelineExecutionId": .string($0.target.text)] }
    }
}

extension Start.Trigger {
    var json: JSON { ["triggerType": .string(type), "triggerDetail": .string(String(detail.prefix(1024)))] }
}

extension ExecutionStatus {
    /// Why it is so; nil where the status says it all.
    var summary: String? {
        switch self {
        case .inProgress, .succeeded: nil
        case .stopping(let request): request.reason.isEmpty ? nil : request.reason
        case .stopped(let reason), .failed(let reason), .cancelling(let reason), .cancelled(let reason):
            reason.isEmpty ? nil : reason
        case .superseded(let newer): "superseded by \(newer)"
        }
    }

    /// STP-4
    var stopReason: String? {
        switch self {
        case .stopping(let request): request.reason
        case .stopped(let reason): reason
        case .inProgress, .succeeded, .failed, .superseded, .cancelling, .cancelled: nil
        }
    }
}

extension ActionExecution {
    var errorDetails: JSON? {
        guard case .failed(let failure) = state else { return nil }
        return ["code": .string(failure.code), "message": .string(failure.message)]
    }
}
