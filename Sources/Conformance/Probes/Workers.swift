extension Probe {
    static let ofWorkers: [Probe] = []
}
