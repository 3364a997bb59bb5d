extension Check {
    static let messages: [Check] = ["MSG-01", "MSG-02", "MSG-03"].map { lines($0) }
}
