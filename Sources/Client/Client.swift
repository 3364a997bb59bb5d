import Jansson
import NIOCore
import NIOHTTP1
import NIOPosix

/// Calls the operations of a daemon over its Unix socket.
public struct Client: Sendable {
    public let socket: String

    public init(socket: String) { self.socket = socket }

    /// Calls one operation and waits for its answer.
    /// - Parameter operation: AWS's name of it, such as `StartPipelineExecution`.
    /// - Throws: `ClientError`.
    public func call(_ operation: String, _ input: JSON) async throws(ClientError) -> JSON {
        let response: NIOHTTPClientResponseFull
        do {
            response = try await exchange(operation, ByteBuffer(bytes: input.serialized))
        } catch {
            throw .unreachable(socket: socket, reason: "\(error)")
        }
        guard let body = response.body, let answer = try? JSON(parsing: Array(body.readableBytesView)) else {
            throw .unreachable(socket: socket, reason: "it answered \(response.head.status) without JSON")
        }
        guard response.head.status == .ok else {
            throw .refused(
                type: answer["__type"]?.stringValue ?? "\(response.head.status)",
                message: answer["message"]?.stringValue ?? "")
        }
        return answer
    }

    private func exchange(_ operation: String, _ body: ByteBuffer) async throws -> NIOHTTPClientResponseFull {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(unixDomainSocketPath: socket) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        NIOHTTPClientResponseAggregator(maxContentLength: 64 << 20))
                    return try NIOAsyncChannel<NIOHTTPClientResponseFull, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        let headers: HTTPHeaders = [
            "Host": "penstock", "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "CodePipeline_20150709.\(operation)", "Content-Length": "\(body.readableBytes)",
        ]
        return try await channel.executeThenClose { inbound, outbound in
            let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: headers)
            try await outbound.write(.head(head))
            try await outbound.write(.body(.byteBuffer(body)))
            try await outbound.write(.end(nil))
            for try await response in inbound { return response }
            throw ChannelError.eof
        }
    }
}

public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreachable(socket: String, reason: String)
    /// By the name of AWS's exception.
    case refused(type: String, message: String)

    public var description: String {
        switch self {
        case .unreachable(let socket, let reason): "\(socket): no daemon answers: \(reason)"
        case .refused(let type, let message): "\(message) (\(type))"
        }
    }
}
