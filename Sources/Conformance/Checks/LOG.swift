extension Check {
    static let logs: [Check] = []
}
