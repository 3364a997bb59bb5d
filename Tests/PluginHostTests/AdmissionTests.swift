import Jansson
import PluginProtocol
import Testing

@testable import PluginHost

private let properties = #"""
    ,"configurationProperties":[
      {"name":"Project","required":true,"type":"String"}, {"name":"Token","required":true,"secret":true,"type":"Number"},
      {"name":"Count","type":"Number"}, {"name":"Force","type":"Boolean"}]
    """#

@Suite("A job before its plugin is started (HST-23)")
struct AdmissionTests {
    private func refusal(_ configuration: [String: String], change: (inout Job) -> Void = { _ in }) throws -> Failure? {
        var job = job(configuration: configuration)
        change(&job)
        do {
            try parsed(manifest(type: properties)).admit(job)
            return nil
        } catch let failure as Failure {
            return failure
        }
    }

    private let good = ["Project": "shop", "Token": "12"]

    @Test("is admitted when its configuration fits the manifest")
    func admitted() throws {
        #expect(try refusal(good) == nil)
        #expect(try refusal(good.merging(["Count": "-1.5", "Force": "False"]) { $1 }) == nil)
    }

    @Test("is refused for missing, unknown and mistyped properties, all told at once")
    func configuration() throws {
        let failure = try refusal(["Project": "", "Token": "se cret", "Count": "many", "Force": "yes", "Projekt": "x"])
        #expect(failure?.type == .configurationError)
        #expect(
            failure?.message
                == "Deploy/Custom/Acme/1: configuration Project is required; configuration Count must be a number, found"
                + " \"many\"; configuration Force must be true or false, found \"yes\"; configuration Projekt is not"
                + " known; did you mean Project?; configuration Token must be a number")
    }

    @Test("is refused for U+0000 anywhere, by its place")
    func nul() throws {
        #expect(
            try refusal(["Project": "a\0b", "Token": "1"])?.message
                == "Deploy/Custom/Acme/1: actionConfiguration.configuration.Project must not contain U+0000")
        let failure = try refusal(good) { $0.data.action = ComputeAction(commands: ["ls", "rm \0"]) }
        #expect(failure?.message.contains("action.commands[1] must not contain U+0000") == true)
        let settings = try refusal(good) { $0.data.providerSettings = ["a\0": 1] }
        #expect(settings?.message.contains("a key of providerSettings") == true)
    }

    @Test("is refused for a protocol that the manifest lacks")
    func unsupportedProtocol() throws {
        var manifest = try parsed(manifest())
        manifest.protocols = ["penstock/2"]
        let error = #expect(throws: Failure.self) { try manifest.admit(job()) }
        #expect(error?.hostCode == .unsupportedProtocol)
        #expect(error?.message == "plugin acme speaks penstock/2, and this host penstock/1")
    }

    @Test("is refused for a type or an operation that the plugin does not serve")
    func unserved() throws {
        #expect(
            try refusal(good) { $0.operation = .check }?.message
                == "plugin acme does not serve check of Deploy/Custom/Acme/1")
        #expect(try refusal(good) { $0.data.actionTypeId.version = "2" }?.type == .configurationError)
    }

    @Test("is refused when it is longer than 1 MiB, with both figures")
    func size() throws {
        let empty = HostMessage.job(job(configuration: good)).line.count
        func padded(by count: Int) -> [String: String] {
            good.merging(["Project": "shop" + String(repeating: "a", count: count)]) { $1 }
        }
        #expect(try refusal(padded(by: (1 << 20) - empty)) == nil)
        let failure = try refusal(padded(by: (1 << 20) - empty + 1))
        #expect(failure?.hostCode == .limitExceeded)
        #expect(failure?.message.contains("1048577 bytes") == true)
        #expect(failure?.message.contains("at most 1048576") == true)
    }
}

@Suite("Grants")
struct GrantsTests {
    private let wanting = #"""
        {"network":true,"environment":["HOME_REGION"],"hostPaths":[
          {"name":"target","mode":"rw","description":"where releases go"},
          {"name":"extra","mode":"ro","required":false}]}
        """#

    @Test("that are missing are told with the command that grants them")
    func missing() throws {
        let manifest = try parsed(manifest(permissions: wanting))
        let some = Grants(environment: ["OTHER"], hostPaths: ["mine": ["/a", "/b"]])
        let error = #expect(throws: Failure.self) {
            try some.narrowed(to: manifest, shipped: false, options: ["--plugins", "/my plugins"])
        }
        #expect(error?.hostCode == .grantMissing)
        #expect(error?.type == .permissionError)
        #expect(
            error?.message == """
                plugin acme needs the network, and the environment variable HOME_REGION, and a path of this machine for \
                "target" (rw: where releases go), which is not granted. To grant it:
                penstock plugin grant acme --network --environment HOME_REGION --host-path target=/PATH/FOR/target \
                --plugins '/my plugins'
                """)
    }

    @Test("are narrowed to what the manifest asks for")
    func narrowed() throws {
        let grants = Grants(
            network: true, environment: ["HOME_REGION", "SECRET"], hostPaths: ["target": ["/srv"], "other": ["/"]])
        #expect(
            try grants.narrowed(to: parsed(manifest(permissions: wanting)), shipped: false)
                == Grants(network: true, environment: ["HOME_REGION"], hostPaths: ["target": ["/srv"]]))
        #expect(try grants.narrowed(to: parsed(manifest()), shipped: true) == Grants())
    }

    @Test("of a plugin that came with Penstock have the network that it declares, and nothing else")
    func shipped() throws {
        #expect(try Grants().narrowed(to: parsed(manifest(permissions: #"{"network":true}"#)), shipped: true).network)
        let manifest = try parsed(manifest(permissions: wanting))
        let error = #expect(throws: Failure.self) { try Grants().narrowed(to: manifest, shipped: true) }
        #expect(error?.message.contains("network") == false)
    }

    @Test("have absolute paths")
    func relative() throws {
        let manifest = try parsed(manifest(permissions: #"{"hostPaths":[{"name":"t","mode":"rw"}]}"#))
        let grants = Grants(hostPaths: ["t": ["srv/www"]])
        let error = #expect(throws: Failure.self) { try grants.narrowed(to: manifest, shipped: false) }
        #expect(error?.message == "grants.acme.hostPaths.t must be an absolute path, found \"srv/www\"")
    }
}

@Suite("The environment of a plugin")
struct EnvironmentTests {
    @Test("is exactly the allow-list and what is granted (HST-16, HST-24)")
    func environment() {
        let host = ["HOME": "/root", "PATH": "/host", "GRANTED": "yes", "SECRET": "no", "LANG": "de"]
        #expect(
            Manifest.Run.Lifecycle.oneShot.environment(
                root: "/w/9f", traceparent: "00-ab-cd-01", granted: ["GRANTED", "ABSENT", "LANG", "PATH"], host: host)
                == [
                    "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/w/9f/home", "TMPDIR": "/w/9f/tmp",
                    "LANG": "C.UTF-8",
                    "TZ": "UTC", "CI": "true", "PENSTOCK_PROTOCOL": "penstock/1", "PENSTOCK_LIFECYCLE": "oneShot",
                    "PYTHONUNBUFFERED": "1", "TRACEPARENT": "00-ab-cd-01", "GRANTED": "yes",
                ])
    }
}
