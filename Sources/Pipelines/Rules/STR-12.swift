extension ValidationRule {
    /// STR-12: what stands as a role has the form of a role's ARN; nothing here assumes it.
    static let roles = ValidationRule("STR-12") { examination in
        var roles = [("roleArn", examination.pipeline.roleArn)]
        roles += examination.actions.map { ("\($0.path).roleArn", $0.action.roleArn) }
        roles += examination.rules.map { ("\($0.path).roleArn", $0.rule.roleArn) }
        for (path, role) in roles {
            guard let role, !isRole(role) else { continue }
            examination.report(
                path,
                """
                "\(excerpt(role))" is not the ARN of a role; write arn:aws:iam::ACCOUNT:role/NAME with the twelve \
                digits of the account (at most 1024 characters), or leave roleArn out.
                """)
        }
    }
}

/// `arn:aws(-[\w]+)*:iam::[0-9]{12}:role/.*`, at most 1024 characters.
private func isRole(_ text: String) -> Bool {
    let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
    guard parts.count == 6, text.unicodeScalars.count <= 1024 else { return false }
    return parts[0] == "arn" && isPartition(parts[1]) && parts[2] == "iam" && parts[3].isEmpty
        && parts[4].utf8.count == 12 && parts[4].utf8.allSatisfy { (48...57).contains($0) }
        && parts[5].hasPrefix("role/")
}

private func isPartition(_ text: Substring) -> Bool {
    let words = text.split(separator: "-", omittingEmptySubsequences: false)
    let word = NamePattern(marks: "_", length: 1...1024)
    return words[0] == "aws" && words.dropFirst().allSatisfy(word.matches)
}
