extension Probe {
    static let ofMessages: [Probe] = []
}
