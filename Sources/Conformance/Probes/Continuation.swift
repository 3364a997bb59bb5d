extension Probe {
    static let ofContinuation: [Probe] = []
}
