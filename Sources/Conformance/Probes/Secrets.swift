import PluginProtocol
import Processes

extension Probe {
    static let ofSecrets: [Probe] = [secrets, obtains]

    private static let secrets = Probe(
        "secrets", "a case with a secret is run while the arguments of all its processes are watched",
        judging: ["SEC-04"]
    ) { bench in
        guard let fixture = bench.fixture(.usesSecret) else { return [] }
        let recording = try await bench.run(
            fixture, probe: "secrets",
            during: { subject in
                async let watch: Void = subject.watchArguments()
                try await subject.awaitEnd()
                await watch
            })
        return recording.arguments.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { arguments in
            recording.errands[0].secrets.compactMap { secret in
                let index = arguments.firstIndex { secret.find(in: Array($0.utf8)) != nil }
                return index.map { index in
                    let program = arguments[..<min(index, 1)].joined()
                    let evidence = "argument \(index) of a process\(program.isEmpty ? "" : " (\(quote(program.utf8)))")"
                    return Finding("SEC-04", in: recording, "\(evidence) holds the secret \(secret.name)")
                }
            }
        }
    }

    private static let obtains = Probe(
        "obtains", "a case that obtains a secret is run, and the secret is looked for before its mask",
        judging: ["SEC-06"]
    ) { bench in
        guard let fixture = bench.fixture(.obtainsSecret) else { return [] }
        let recording = try await bench.run(fixture, probe: "obtains")
        return recording.maskFindings
    }
}

extension Recording {
    /// What shows a secret of run time before its mask. Two pipes are read in turn, so what stands in the log is told by
    /// the order of arrival.
    fileprivate var maskFindings: [Finding] {
        let lines = entries.compactMap(\.line)
        let masks = lines.indices.compactMap { index -> (index: Int, value: String)? in
            guard case .mask(let mask)? = lines[index].message?.body else { return nil }
            return (index, mask.value)
        }
        guard !masks.isEmpty else {
            guard disappointment == nil else { return [] }
            return [Finding("SEC-06", in: self, "no mask message came, and the case obtains a secret")]
        }
        return masks.filter { $0.value.utf8.count >= Secret.leastBytes }.compactMap { mask in
            let secret = Secret("that was obtained", mask.value)
            let earlier = lines[..<mask.index].first { secret.find(in: $0.line.bytes) != nil }
            return earlier.map { line in
                let stream = line.line.stream == .output ? "stdout" : "stderr"
                let place = "\(stream) at byte \(line.line.offset)"
                return Finding("SEC-06", in: self, "\(place) shows a secret before the mask message that names it")
            }
        }
    }
}

extension Recording.Entry {
    fileprivate var line: Recording.Heard? {
        guard case .heard(let heard) = what else { return nil }
        return heard
    }
}
