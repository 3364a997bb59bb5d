import Engine
import Jansson
import Pipelines

/// A refusal as AWS's JSON protocol tells it.
public struct APIError: Error, Hashable, Sendable {
    /// AWS's name of the exception.
    public let type: String
    public let message: String

    init(_ type: String, _ message: String) { (self.type, self.message) = (type, message) }

    static func validation(_ message: String) -> APIError { APIError("ValidationException", message) }

    static func pipelineNotFound(_ name: String) -> APIError {
        APIError("PipelineNotFoundException", "there is no pipeline \(name)")
    }

    static func stageNotFound(_ stage: String, of pipeline: String) -> APIError {
        APIError("StageNotFoundException", "the pipeline \(pipeline) has no stage \(stage)")
    }

    static func executionNotFound(_ id: ExecutionID, of pipeline: String) -> APIError {
        APIError("PipelineExecutionNotFoundException", "the pipeline \(pipeline) has no execution \(id)")
    }

    var json: JSON { ["__type": .string(type), "message": .string(message)] }
}

extension APIError {
    /// The one mapping of the engine's refusals.
    init(_ rejection: Rejection, pipeline: String) {
        let type =
            switch rejection {
            case .alreadyStarted: "ConflictException"
            case .attemptIsOver, .notAwaited, .notSupersedable, .notCancellable, .notResumable: "ConflictException"
            case .approvalIsOver: "ApprovalAlreadyCompletedException"
            case .wrongApprovalToken: "InvalidApprovalTokenException"
            case .duplicatedStopRequest: "DuplicatedStopRequestException"
            case .notStoppable: "PipelineExecutionNotStoppableException"
            case .stageNotRetryable: "StageNotRetryableException"
            case .retryConflict: "ConflictException"
            case .conditionNotOverridable: "ConditionNotOverridableException"
            case .unknownExecution: "PipelineExecutionNotFoundException"
            case .unknownStage: "StageNotFoundException"
            case .pipelineDeleted: "PipelineNotFoundException"
            case .tooManyExecutions: "ConcurrentPipelineExecutionsLimitExceededException"
            case .notLatestExecution: "NotLatestPipelineExecutionException"
            case .unableToRollBack: "UnableToRollbackStageException"
            case .executionOutdated: "PipelineExecutionOutdatedException"
            }
        self.init(type, "\(pipeline): \(rejection)")
    }

    /// All that is wrong with a definition; the first finding says which of AWS's exceptions it is.
    init(_ findings: [Finding]) {
        let first = findings[0]
        let type =
            if first.rule == "STR-5" {
                // Of the order of stages, wherever it is found.
                "InvalidStructureException"
            } else if first.path.contains("blockers") {
                "InvalidBlockerDeclarationException"
            } else if first.path.contains(".actions[") {
                "InvalidActionDeclarationException"
            } else if first.path.hasPrefix("stages[") {
                "InvalidStageDeclarationException"
            } else {
                "InvalidStructureException"
            }
        self.init(type, findings.map(\.description).joined(separator: "\n"))
    }
}
