extension Check {
    static let messages: [Check] = []
}
