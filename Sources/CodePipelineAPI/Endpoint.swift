import HTTPTypes
import Hummingbird
import Jansson
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// CodePipeline's API over HTTP, as AWS's clients speak it: JSON 1.1, the operation in `X-Amz-Target`.
public struct Endpoint: Sendable {
    /// AWS's largest definition is far below it.
    static let bodyLimitBytes = 4 << 20

    private let api: CodePipeline
    private let users: Set<UInt32>
    private let complain: @Sendable (String) -> Void

    /// - Parameters:
    ///   - users: the numbers of those who may call.
    ///   - complain: told of every fault of our own.
    public init(_ api: CodePipeline, users: Set<UInt32>, complain: @escaping @Sendable (String) -> Void) {
        self.api = api
        self.users = users
        self.complain = complain
    }

    /// Answers on a Unix socket, until SIGTERM or SIGINT; calls that have begun are answered.
    /// - Parameter ready: told when it can be reached.
    public func serve(on socket: String, ready: @escaping @Sendable () async -> Void) async throws {
        var logger = Logger(label: "penstock")
        logger.logLevel = .error
        let application = Application(
            responder: Responder(endpoint: self),
            // Who sends half a request is not waited for.
            server: .http1(configuration: .init(idleTimeout: .seconds(30))),
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: socket), serverName: "penstock"),
            onServerRunning: { _ in await ready() }, logger: logger)
        var group = ServiceGroupConfiguration(
            services: [application], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(5)
        try await ServiceGroup(configuration: group).run()
    }

    fileprivate func answer(_ request: Request, caller: UInt32?) async -> Response {
        do {
            return response(.ok, try await result(of: request, caller: try name(of: caller)))
        } catch let error as APIError {
            return response(.badRequest, error.json)
        } catch is NIOTooManyBytesError {
            let error = APIError("RequestEntityTooLarge", "a request has at most \(Self.bodyLimitBytes) bytes")
            return response(.contentTooLarge, error.json)
        } catch {
            complain("\(request.headers[Self.target] ?? "a request"): \(error)")
            return response(.internalServerError, APIError("InternalFailure", "\(error)").json)
        }
    }

    /// - Throws: for whoever may not call.
    private func name(of caller: UInt32?) throws -> String {
        guard let caller, users.contains(caller) else {
            let user = caller.map(userName(of:)) ?? "an unknown user"
            throw APIError(
                "AccessDeniedException", "\(user) may not use this socket, only the user of the daemon and root")
        }
        return userName(of: caller)
    }

    private static let target = HTTPField.Name("X-Amz-Target")!
    private static let prefix = "CodePipeline_20150709."

    private func result(of request: Request, caller: String) async throws -> JSON {
        var request = request
        let body = try await request.collectBody(upTo: Self.bodyLimitBytes)
        let target = request.headers[Self.target] ?? ""
        guard request.method == .post, target.hasPrefix(Self.prefix) else {
            throw APIError(
                "UnknownOperationException",
                "send POST / with the header X-Amz-Target: \(Self.prefix)OPERATION and the input as JSON")
        }
        let input: JSON
        do {
            input = try JSON(parsing: Array(body.readableBytesView))
        } catch {
            throw APIError("SerializationException", "the body is not valid JSON: \(error)")
        }
        return try await api.call(String(target.dropFirst(Self.prefix.count)), input, caller: caller)
    }

    private func response(_ status: HTTPResponse.Status, _ body: JSON) -> Response {
        Response(
            status: status, headers: [.contentType: "application/x-amz-json-1.1"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.serialized)))
    }
}

private struct Responder: HTTPResponder {
    let endpoint: Endpoint

    func respond(to request: Request, context: Connection) async throws -> Response {
        await endpoint.answer(request, caller: try? await PeerCredentials.user(of: context.channel))
    }
}

/// What is known of whoever calls.
private struct Connection: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
