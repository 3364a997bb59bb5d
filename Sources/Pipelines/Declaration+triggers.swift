/// A Git trigger of a V2 pipeline (GIT-1).
public struct Trigger: Hashable, Sendable {
    public var providerType: String
    public var sourceActionName: String
    public var push: [GitFilter]
    public var pullRequest: [GitFilter]

    public init(providerType: String, sourceActionName: String, push: [GitFilter] = [], pullRequest: [GitFilter] = []) {
        self.providerType = providerType
        self.sourceActionName = sourceActionName
        self.push = push
        self.pullRequest = pullRequest
    }
}

/// One filter of a trigger: all of its criteria must hold (GIT-2, GIT-4).
public struct GitFilter: Hashable, Sendable {
    /// `OPEN`, `UPDATED`, `CLOSED`; pull requests only.
    public var events: [String]
    public var branches: GlobList?
    public var tags: GlobList?
    public var filePaths: GlobList?

    public init(
        events: [String] = [], branches: GlobList? = nil, tags: GlobList? = nil, filePaths: GlobList? = nil
    ) {
        self.events = events
        self.branches = branches
        self.tags = tags
        self.filePaths = filePaths
    }
}

public struct GlobList: Hashable, Sendable {
    public var includes: [String]
    public var excludes: [String]

    public init(includes: [String] = [], excludes: [String] = []) {
        self.includes = includes
        self.excludes = excludes
    }
}
