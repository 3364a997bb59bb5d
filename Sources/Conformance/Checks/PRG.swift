extension Check {
    static let progress: [Check] = []
}
