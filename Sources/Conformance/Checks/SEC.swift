extension Check {
    static let secrets: [Check] = []
}
