extension Probe {
    static let ofProcess: [Probe] = []
}
