import Glibc
import Jansson
import PluginProtocol

extension JSONReader {
    /// 1 to 100 of `[0-9A-Za-z_-]`.
    func caseName() throws(JSONTypeError) -> String {
        let name = try string(length: 1...100)
        guard isName(name) else {
            throw JSONTypeError(path: path, problem: "must be made of 0-9 A-Z a-z _ - only, found \"\(name)\"")
        }
        return name
    }

    func traits() throws(JSONTypeError) -> Set<Fixture.Trait> {
        var traits: Set<Fixture.Trait> = []
        for element in try elements() {
            let isNew = traits.insert(try element.oneOf(Fixture.Trait.self)).inserted
            guard isNew else { throw JSONTypeError(path: element.path, problem: "is there twice") }
        }
        guard !traits.isEmpty else { throw JSONTypeError(path: path, problem: "must have at least one entry") }
        return traits
    }

    /// Names of artifacts, each once.
    func artifactNames() throws(JSONTypeError) -> [String] {
        let names = try strings()
        for (index, name) in names.enumerated() {
            try checkArtifactName(name, path: "\(path)[\(index)]")
            guard !names.prefix(index).contains(name) else {
                throw JSONTypeError(path: "\(path)[\(index)]", problem: "\"\(name)\" is there twice")
            }
        }
        return names
    }

    /// Names of artifacts with directories that are there.
    func folders(in folder: String) throws(JSONTypeError) -> [String: String] {
        var folders: [String: String] = [:]
        for (name, reader) in try members() {
            try checkArtifactName(name, path: reader.path)
            let place = try reader.string()
            try checkInside(place, folder, path: reader.path)
            guard isDirectory("\(folder)/\(place)") else {
                throw JSONTypeError(path: reader.path, problem: "is \"\(place)\", which is no directory of the plugin")
            }
            folders[name] = place
        }
        return folders
    }

    /// Names of artifacts with the files that are to be in them.
    func expectedFiles() throws(JSONTypeError) -> [String: [String]] {
        var files: [String: [String]] = [:]
        for (name, reader) in try members() {
            try checkArtifactName(name, path: reader.path)
            for element in try reader.elements() { try checkRelative(try element.string(), path: element.path) }
            files[name] = try reader.strings()
        }
        return files
    }

    func command() throws(JSONTypeError) -> String {
        let command = try string()
        guard !command.isEmpty, !command.utf8.contains(0) else {
            throw JSONTypeError(path: path, problem: "must be a shell command")
        }
        return command
    }

    func commands() throws(JSONTypeError) -> [String] {
        var commands: [String] = []
        for element in try elements() { commands.append(try element.command()) }
        return commands
    }

    func needs() throws(JSONTypeError) -> [String] {
        for element in try elements() where try element.string() != "network" {
            throw JSONTypeError(path: element.path, problem: "must be \"network\", found \(element.value.text)")
        }
        return try strings()
    }

    /// A host ignores what it does not know in `action`; in a case it is a slip.
    func checkedAction() throws(JSONTypeError) -> JSONReader {
        try refuseUnknownMembers(known: ["commands", "environmentVariables", "outputVariables", "outputArtifacts"])
        return self
    }
}

/// Artifacts get directories of their names, which are as AWS has them.
private func checkArtifactName(_ name: String, path: String) throws(JSONTypeError) {
    guard isName(name), name.utf8.count <= 100 else {
        throw JSONTypeError(
            path: path, problem: "must name an artifact, 1 to 100 of 0-9 A-Z a-z _ -, found \"\(name)\"")
    }
}

private func isName(_ text: String) -> Bool {
    !text.isEmpty
        && text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
}

private func checkRelative(_ place: String, path: String) throws(JSONTypeError) {
    guard !place.isEmpty, !place.hasPrefix("/"), !place.split(separator: "/").contains(".."), !place.utf8.contains(0)
    else { throw JSONTypeError(path: path, problem: "must be a relative path without \"..\", found \"\(place)\"") }
}

/// - Throws: when the path leads out of the folder, also over links. Whether something is there is not looked at.
func checkInside(_ place: String, _ folder: String, path: String) throws(JSONTypeError) {
    try checkRelative(place, path: path)
    guard let real = realPath("\(folder)/\(place)") else { return }
    guard real == folder || real.hasPrefix("\(folder)/") else {
        throw JSONTypeError(path: path, problem: "is \"\(place)\", which leads out of the plugin's folder, to \(real)")
    }
}
