extension Check {
    static let continuation: [Check] = [member("CNT-01"), member("CNT-02")]
}
