import Jansson

/// What an action type asks of the actions that use it.
public struct ActionType: Hashable, Sendable {
    public let id: ActionTypeID
    public let properties: [ConfigurationProperty]
    public let inputArtifacts: ClosedRange<Int>
    public let outputArtifacts: ClosedRange<Int>
    /// Keys beside `properties` are accepted too: not every key of this type is documented.
    public let acceptsOtherKeys: Bool
    /// Not to be used in a V1 pipeline.
    public let needsV2: Bool

    public init(
        id: ActionTypeID, properties: [ConfigurationProperty] = [], inputArtifacts: ClosedRange<Int>,
        outputArtifacts: ClosedRange<Int>, acceptsOtherKeys: Bool = false, needsV2: Bool = false
    ) {
        self.id = id
        self.properties = properties
        self.inputArtifacts = inputArtifacts
        self.outputArtifacts = outputArtifacts
        self.acceptsOtherKeys = acceptsOtherKeys
        self.needsV2 = needsV2
    }
}

/// One key of a type's configuration (JOB-1).
public struct ConfigurationProperty: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case string = "String"
        case number = "Number"
        case boolean = "Boolean"
    }

    /// When a key that is not always required is required after all.
    public enum Circumstance: Hashable, Sendable {
        case severalInputArtifacts
        case noInputArtifact
        case value(ofKey: String, is: String)
    }

    public let name: String
    public let required: Bool
    public let requiredWhen: Circumstance?
    /// The value names the thing that the action is about.
    public let key: Bool
    public let secret: Bool
    public let queryable: Bool
    public let type: Kind
    public let description: String?
    /// The only values that there are, in any case; none may come from a variable. Empty: any value.
    public let words: [String]
    /// A key of our own in a type of AWS, which AWS does not know.
    public let isOurs: Bool

    public init(
        name: String, required: Bool = false, requiredWhen: Circumstance? = nil, key: Bool = false,
        secret: Bool = false, queryable: Bool = false, type: Kind = .string, description: String? = nil,
        words: [String] = [], isOurs: Bool = false
    ) {
        self.name = name
        self.required = required
        self.requiredWhen = requiredWhen
        self.key = key
        self.secret = secret
        self.queryable = queryable
        self.type = type
        self.description = description
        self.words = words
        self.isOurs = isOurs
    }
}

/// The action types that a definition may use.
public struct ActionTypeCatalogue: Sendable {
    /// Whether a definition must be one that AWS takes too: nothing of our own, and nothing left out.
    public private(set) var isStrict = false
    private var types: [ActionTypeID: ActionType]
    /// The directories where plugins were looked for, for the message about an unknown type.
    public var searchedPlaces: [String]

    /// Of two types with the same id the later one counts.
    public init(_ types: [ActionType], searchedPlaces: [String] = []) {
        self.types = Dictionary(types.map { ($0.id, $0) }) { _, later in later }
        self.searchedPlaces = searchedPlaces
    }

    public subscript(id: ActionTypeID) -> ActionType? { types[id] }

    /// The same types, for a definition that AWS is to take.
    public var strict: ActionTypeCatalogue {
        var catalogue = self
        catalogue.isStrict = true
        return catalogue
    }

    /// This catalogue with the types of installed plugins; they replace those with the same id.
    public func adding(_ added: [ActionType], searchedPlaces: [String] = []) -> ActionTypeCatalogue {
        var catalogue = self
        for type in added { catalogue.types[type.id] = type }
        catalogue.searchedPlaces += searchedPlaces
        return catalogue
    }

    /// The types that were most likely meant by an unknown one: those of the same provider, or else of the nearest.
    public func near(_ id: ActionTypeID) -> [ActionTypeID] {
        // Rules of conditions are no actions, nor the other way round.
        let candidates = types.keys.filter { ($0.category == "Rule") == (id.category == "Rule") }
        let provider = nearest(to: excerpt(id.provider), in: candidates.map(\.provider))
        return candidates.filter { $0.provider == provider }.sorted { $0.description < $1.description }
    }
}
