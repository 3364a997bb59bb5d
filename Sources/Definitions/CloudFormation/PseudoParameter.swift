/// What CloudFormation itself has a value for; outside of AWS it is taken to be something, or given by `--parameter`.
enum PseudoParameter: String, CaseIterable {
    case region = "AWS::Region"
    case accountID = "AWS::AccountId"
    case partition = "AWS::Partition"
    case stackName = "AWS::StackName"
    case stackID = "AWS::StackId"
    case urlSuffix = "AWS::URLSuffix"
    case noValue = "AWS::NoValue"
    case notificationARNs = "AWS::NotificationARNs"
}

extension Template {
    /// Nil for those two that are no text.
    func text(of pseudo: PseudoParameter) -> String? {
        if let value = given[pseudo.rawValue] { return value }
        let region = given[PseudoParameter.region.rawValue] ?? "us-east-1"
        switch pseudo {
        case .region: return region
        // Twelve digits that are nobody's.
        case .accountID: return "000000000000"
        case .partition:
            return region.hasPrefix("cn-") ? "aws-cn" : region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        case .stackName: return stackName
        case .stackID:
            return "arn:\(text(.partition)):cloudformation:\(region):\(text(.accountID)):stack/\(text(.stackName))/"
                + "00000000-0000-0000-0000-000000000000"
        case .urlSuffix: return region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        case .noValue, .notificationARNs: return nil
        }
    }

    private func text(_ pseudo: PseudoParameter) -> String { text(of: pseudo) ?? "" }

    /// The ARN of a role that is known by its name only.
    func roleARN(_ name: String) -> String { "arn:\(text(.partition)):iam::\(text(.accountID)):role/\(name)" }
}
