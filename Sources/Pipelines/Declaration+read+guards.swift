import Jansson

extension StageConditions {
    init(reading reader: inout MemberReader) {
        self.init(conditions: reader.list("conditions") { Condition(reading: &$0) })
    }

    /// Only `onFailure` may have a result without conditions, and a retry (RTY-7).
    init(readingOnFailure reader: inout MemberReader) {
        self.init(
            result: reader.string("result"),
            retryMode: reader.object("retryConfiguration", rule: "RTY-7") { $0.string("retryMode") } ?? nil,
            conditions: reader.list("conditions") { Condition(reading: &$0) })
    }
}

extension Condition {
    fileprivate init(reading reader: inout MemberReader) {
        self.init(
            result: reader.string("result"), rules: reader.list("rules", rule: "CND-3") { Rule(reading: &$0) })
    }
}

extension Rule {
    fileprivate init(reading reader: inout MemberReader) {
        self.init(
            name: reader.requiredString("name"),
            type: reader.object("ruleTypeId", required: true) { ActionTypeID(readingRuleType: &$0) } ?? .unread,
            configuration: reader.scalars("configuration"),
            inputArtifacts: reader.list("inputArtifacts") { $0.requiredString("name") },
            commands: reader.strings("commands"), roleArn: reader.string("roleArn"), region: reader.string("region"),
            timeoutInMinutes: reader.integer("timeoutInMinutes"))
    }
}

extension Trigger {
    init(reading reader: inout MemberReader) {
        let providerType = reader.requiredString("providerType")
        let git = reader.object("gitConfiguration", required: true) { git in
            Trigger(
                providerType: providerType, sourceActionName: git.requiredString("sourceActionName"),
                push: git.list("push", rule: "GIT-2") { GitFilter(readingPush: &$0) },
                pullRequest: git.list("pullRequest", rule: "GIT-2") { GitFilter(readingPullRequest: &$0) })
        }
        self = git ?? Trigger(providerType: providerType, sourceActionName: "")
    }
}

extension GitFilter {
    fileprivate init(readingPush reader: inout MemberReader) {
        self.init(
            branches: reader.globs("branches"), tags: reader.globs("tags"), filePaths: reader.globs("filePaths"))
    }

    fileprivate init(readingPullRequest reader: inout MemberReader) {
        self.init(
            events: reader.strings("events"), branches: reader.globs("branches"),
            filePaths: reader.globs("filePaths"))
    }
}

extension MemberReader {
    fileprivate mutating func globs(_ key: String) -> GlobList? {
        object(key, rule: "GIT-3") { GlobList(includes: $0.strings("includes"), excludes: $0.strings("excludes")) }
    }
}
