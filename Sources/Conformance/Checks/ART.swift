extension Check {
    static let artifacts: [Check] = []
}
