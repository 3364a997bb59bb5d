extension Probe {
    static let ofProgress: [Probe] = []
}
