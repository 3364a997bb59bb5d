/// The limits of the wire `penstock/1` (protocol, section 7).
public enum MessageLimits {
    /// Of a line with its LF, both ways. Spec: FRM-05
    public static let lineBytes = 1 << 20
    /// Levels of lists and objects. Spec: FRM-06
    public static let depth = 32
    /// Integers that every language's number type holds: ±(2^53 − 1). Spec: FRM-08
    public static let integers: ClosedRange<Int64> = -9_007_199_254_740_991...9_007_199_254_740_991
    public static let logMessageBytes = 16 << 10
    public static let summaryCharacters = 2048
    public static let failureMessageCharacters = 5000
    public static let tokenCharacters = 2048
    public static let externalExecutionIdCharacters = 1500
    public static let outputVariables = 50
    public static let outputVariableKeyCharacters = 128
    /// Keys and values together: AWS's figure per action. Spec: RES-08
    public static let outputVariablesBytes = 122_880
    public static let continueAfterSeconds = 1...3600
    /// A day's half: AWS's bound of one job (JOB-13).
    public static let timeoutSeconds = 1...43_200
    public static let changedFiles = 100
}

/// The protocol's name, which marks every message.
public enum WireProtocol {
    public static let version = "penstock/1"
    /// What every version's marker starts with.
    public static let family = "penstock/"
}
