extension Check {
    static let continuation: [Check] = [lines("CNT-01"), lines("CNT-02")]
}
