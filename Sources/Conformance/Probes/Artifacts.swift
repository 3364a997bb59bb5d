extension Probe {
    static let ofArtifacts: [Probe] = []
}
