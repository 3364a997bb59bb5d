extension Check {
    static let continuation: [Check] = []
}
