import Processes

/// A git repository of somebody else's, of which one revision is wanted.
struct Repository {
    let url: String
    let revision: String?
    /// For messages.
    let shown: String

    /// Checks the revision out into a folder that is not there yet.
    ///
    /// Nothing of the repository is executed: no hook, and no submodule is fetched. Git asks nobody for a password.
    /// - Returns: the commit.
    /// - Throws: when git is not there, and what it says when it fails.
    func checkOut(into folder: String) async throws(TrustError) -> String {
        let isCommit = revision?.wholeMatch(of: /[0-9a-f]{7,64}/) != nil
        // A commit can be anywhere in the history.
        let depth = isCommit ? [] : ["--depth", "1"]
        let branch = isCommit ? [] : revision.map { ["--branch", $0] } ?? []
        try await git(
            ["clone", "--quiet", "--no-checkout", "--template=", "--no-recurse-submodules"] + depth + branch
                + ["--", url, folder])
        let names = isCommit ? ["refs/tags/", "refs/remotes/origin/", ""].map { $0 + revision! } : ["HEAD"]
        for name in names {
            let arguments = ["-C", folder, "rev-parse", "--verify", "--quiet", "--end-of-options", "\(name)^{commit}"]
            guard let commit = try? await git(arguments) else { continue }
            try await git(["-C", folder, "checkout", "--quiet", "--detach", commit])
            return commit
        }
        throw isCommit ? missing : TrustError("\(shown): the repository is empty")
    }

    private var missing: TrustError {
        TrustError("\(shown): there is no tag, branch or commit \(revision ?? "HEAD")")
    }

    /// - Returns: what it wrote, without the line feed at its end.
    @discardableResult
    private func git(_ arguments: [String]) async throws(TrustError) -> String {
        let guards = [
            "core.hooksPath=/dev/null", "core.fsmonitor=false", "submodule.recurse=false", "advice.detachedHead=false",
        ].flatMap { ["-c", $0] }
        guard let program = Program("git", guards + arguments, environment: environment, directory: "/") else {
            throw TrustError("\(shown): git is needed for it, and is not in PATH; install it (apt-get install git)")
        }
        var (output, errors): ([String], [String]) = ([], [])
        let exit = try await program.run { line in
            let text = String(decoding: line.bytes, as: UTF8.self)
            if line.stream == .output { output.append(text) } else if errors.count < 20 { errors.append(text) }
        }
        if exit == .code(0) { return output.joined(separator: "\n") }
        if errors.contains(where: { $0.contains("Remote branch") && $0.contains("not found") }) { throw missing }
        // With a password in the URL it would be told, too.
        let said = errors.filter { !$0.isEmpty && !$0.hasPrefix("Cloning into") }.joined(separator: "; ")
            .replacing(url, with: "it")
        throw TrustError("\(shown): git cannot fetch it: \(said.isEmpty ? exit.words : said)")
    }

    /// What git needs to reach a server, and nothing that would have it ask or execute something.
    private var environment: [String: String] {
        let kept = [
            "PATH", "HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "TMPDIR", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND",
            "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
            "GIT_SSL_CAINFO",
        ]
        var environment = [
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes", "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "https:ssh:git:file", "LC_ALL": "C",
        ]
        for name in kept { if let value = variable(name) { environment[name] = value } }
        return environment
    }
}
