extension Check {
    static let process: [Check] = []
}
