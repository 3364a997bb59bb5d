extension Probe {
    static let ofSecrets: [Probe] = []
}
