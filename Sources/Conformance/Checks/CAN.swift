extension Check {
    static let cancel: [Check] = []
}
