/// What a plugin sees, in the order in which it is put together; each profile writes it in its own words.
struct Surroundings: Hashable {
    enum Part: Hashable {
        /// A file or folder of the outside, under a name of its own inside.
        case bind(String, at: String, writable: Bool = false)
        case link(String, at: String)
        case folder(String)
        /// What stands for `/etc`.
        case etc(Etc, network: Bool)
        /// `/proc`, or what of it tells nothing of other processes.
        case processes
        /// The harmless devices of `/dev`, and the size of `/dev/shm` where it is the plugin's own.
        case devices(sharedMemoryBytes: Int)
        case scratch(String, sizeBytes: Int)
    }

    let parts: [Part]

    init(of launch: Launch, in sandbox: Sandbox) {
        parts = Self.system(launch, sandbox) + Self.work(launch, sandbox)
    }

    private static func system(_ launch: Launch, _ sandbox: Sandbox) -> [Part] {
        let links = ["bin", "sbin", "lib", "lib64"].map { Part.link("usr/\($0)", at: "/\($0)") }
        // A link, relative so that it also means the right folder while the tree is built.
        let tmp = sandbox.exposure.map { Part.bind($0.tmp, at: "/tmp", writable: true) }
        return [.bind("/usr", at: "/usr")] + links + [
            .etc(sandbox.etc, network: launch.network), .processes, .devices(sharedMemoryBytes: 16 << 20),
            .folder("/run"), .folder("/var"), .link("../tmp", at: "/var/tmp"),
            tmp ?? .link("\(sandbox.insideRoot.dropFirst())/tmp", at: "/tmp"),
        ]
    }

    private static func work(_ launch: Launch, _ sandbox: Sandbox) -> [Part] {
        let (outside, inside) = (launch.workspace.root, sandbox.insideRoot)
        let plugin = Part.bind(launch.plugin, at: Sandbox.pluginFolder)
        let granted = launch.hostPaths.map { Part.bind($0.path, at: $0.inside, writable: $0.writable) }
        func part(_ name: String, writable: Bool) -> Part {
            .bind("\(outside)/\(name)", at: "\(inside)/\(name)", writable: writable)
        }
        if let exposure = sandbox.exposure {
            // The smallest there is: one page.
            let scarce = [Part.scratch("\(inside)/tmp", sizeBytes: 4_096), part("home", writable: false)]
            // The inputs too: a plugin that changes them is to be seen doing it.
            let whole = Part.bind(outside, at: inside, writable: true)
            return [plugin, whole, .bind(sandbox.launcher, at: Sandbox.supervisorPath)]
                + (exposure.isScarce ? scarce : []) + granted
        }
        // Mounts of their own, so that nothing inside can put a link in the place of one.
        // Of a worker's, jobs that come later must be seen, and what leads to them is not the plugin's to write.
        let folders = [launch.isWorker ? "jobs" : "out", "tmp", "home"] + (launch.hasCache ? ["cache"] : [])
        return [plugin, part("in", writable: false)] + folders.map { part($0, writable: true) } + granted
    }
}
