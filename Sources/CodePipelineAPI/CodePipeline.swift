import Engine
import Jansson
import Pipelines

/// The operations of CodePipeline's API, without any transport.
public struct CodePipeline: Sendable {
    let registry: PipelineRegistry
    let catalogue: ActionTypeCatalogue
    /// How actions of new executions are kept from this machine: part of their record.
    let sandbox: String
    let newID: @Sendable () -> ExecutionID
    let now: @Sendable () -> Instant

    public init(
        _ registry: PipelineRegistry, catalogue: ActionTypeCatalogue, sandbox: String,
        newID: @escaping @Sendable () -> ExecutionID, now: @escaping @Sendable () -> Instant
    ) {
        self.registry = registry
        self.catalogue = catalogue
        self.sandbox = sandbox
        self.newID = newID
        self.now = now
    }

    /// Runs one operation.
    /// - Parameters:
    ///   - name: AWS's name of the operation, such as `StartPipelineExecution`.
    ///   - caller: who asks; it becomes part of the record.
    /// - Throws: `APIError` for what is refused; anything else is our own fault.
    public func call(_ name: String, _ input: JSON, caller: String) async throws -> JSON {
        guard let operation = Self.operations[name] else {
            let near = nearest(to: name, in: Self.operations.keys.sorted()).map { "; did you mean \($0)?" } ?? ""
            throw APIError("UnknownOperationException", "\(name) is not an operation that is served here\(near)")
        }
        do {
            return try await operation(Call(api: self, input: JSONReader(input), caller: caller))
        } catch let error as JSONTypeError {
            throw APIError.validation(error.description)
        }
    }

    typealias Operation = @Sendable (Call) async throws -> JSON

    static let operations: [String: Operation] = [
        "CreatePipeline": createPipeline, "DeletePipeline": deletePipeline,
        "DisableStageTransition": disableStageTransition, "EnableStageTransition": enableStageTransition,
        "GetPipeline": getPipeline, "GetPipelineExecution": getPipelineExecution,
        "GetPipelineState": getPipelineState, "ListActionExecutions": listActionExecutions,
        "ListPipelineExecutions": listPipelineExecutions, "ListPipelines": listPipelines,
        "ListRuleExecutions": listRuleExecutions, "OverrideStageCondition": overrideStageCondition,
        "PutActionRevision": putActionRevision, "PutApprovalResult": putApprovalResult,
        "RetryStageExecution": retryStageExecution,
        "RollbackStage": rollbackStage, "StartPipelineExecution": startPipelineExecution,
        "StopPipelineExecution": stopPipelineExecution, "UpdatePipeline": updatePipeline,
    ]
}
