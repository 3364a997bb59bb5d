extension Probe {
    static let ofCancel: [Probe] = []
}
