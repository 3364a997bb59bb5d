import Glibc
import Processes
import Testing
import Workspaces

/// What the seccomp filter and the limits stop. Each probe prints what happened.
@Suite struct RefusalTests {
    private static let prelude = """
        import ctypes, errno, os, socket, stat
        libc = ctypes.CDLL(None, use_errno=True)
        os.chdir('tmp')
        def call(*arguments):
            result = libc.syscall(*arguments)
            print('allowed' if result >= 0 else errno.errorcode[ctypes.get_errno()], flush=True)
        def attempt(f):
            try: f(); print('allowed', flush=True)
            except OSError as e: print(errno.errorcode[e.errno], flush=True)
        open('file', 'w').close()

        """

    private func python(_ site: Site, _ text: String) async throws -> Outcome {
        try await site.run(site.launch(["/usr/bin/python3", "-c", Self.prelude + text]))
    }

    @Test(
        "calls that make a set-uid or device file are refused, their harmless forms are not",
        arguments: Sandbox.preferred,
        [
            ("os.chmod('file', 0o4755)", "EPERM"), ("os.chmod('file', 0o2755)", "EPERM"),
            ("os.chmod('file', 0o755)", "allowed"), ("os.open('a', os.O_CREAT | os.O_RDWR, 0o4755)", "EPERM"),
            ("os.open('a', os.O_CREAT | os.O_RDWR, 0o755)", "allowed"),
            ("os.open('file', os.O_RDONLY, 0o4755)", "allowed"),
            ("os.open('.', os.O_TMPFILE | os.O_RDWR, 0o4755)", "EPERM"), ("os.mkdir('d', 0o2755)", "EPERM"),
            ("os.mknod('n', stat.S_IFREG | 0o4755)", "EPERM"), ("os.mknod('n', stat.S_IFCHR | 0o644, 0)", "EPERM"),
            ("os.mknod('n', stat.S_IFBLK | 0o644, 0)", "EPERM"), ("os.mknod('n', stat.S_IFIFO | 0o644)", "allowed"),
        ])
    func modes(profile: Sandbox.Profile, attempt: (code: String, answer: String)) async throws {
        let outcome = try await python(Site(profile), "attempt(lambda: \(attempt.code))")
        #expect(outcome.output == [attempt.answer])
    }

    @Test(
        "namespaces, mounts, keys, tracing and the new forms of calls are refused",
        arguments: Sandbox.preferred)
    func calls(profile: Sandbox.Profile) async throws {
        let outcome = try await python(
            Site(profile),
            """
            attempt(lambda: os.setxattr('file', 'security.capability', b'\\x01\\0\\0\\x02' + bytes(16)))
            print(libc.unshare(0x10000000), errno.errorcode[ctypes.get_errno()])
            print(libc.mount(b'none', b'.', b'tmpfs', 0, None), errno.errorcode[ctypes.get_errno()])
            print(libc.ptrace(0, 0, 0, 0), errno.errorcode[ctypes.get_errno()])
            for number in [435, 437, 452, 425]: call(number, 0, 0, 0, 0)
            for number in [430, 428, 442, 438]: call(number, 0, 0, 0, 0)
            """)
        #expect(
            outcome.output == ["EPERM", "-1 EPERM", "-1 EPERM", "-1 EPERM"]
                + Array(repeating: "ENOSYS", count: 4) + Array(repeating: "EPERM", count: 4))
    }

    @Test(
        "of the socket families UNIX, INET, INET6 and NETLINK stay; where no namespace keeps the host's, none without the network",
        arguments: Sandbox.preferred, [false, true])
    func sockets(profile: Sandbox.Profile, granted: Bool) async throws {
        let site = try await Site(profile)
        var launch = site.launch([
            "/usr/bin/python3", "-c",
            Self.prelude + """
                for family in [1, 2, 10, 16, 0, 3, 17, 31, 38, 40, 44]:
                    attempt(lambda: socket.socket(family, socket.SOCK_DGRAM).close())
                for kind in [socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM]:
                    attempt(lambda: socket.socketpair(socket.AF_UNIX, kind))
                attempt(lambda: socket.socketpair(socket.AF_TIPC))
                """,
        ])
        launch.network = granted
        let outcome = try await site.run(launch)
        let (yes, no) = ("allowed", "EAFNOSUPPORT")
        let families = profile != .landlock ? [yes, yes, yes, yes] : granted ? [no, yes, yes, yes] : [no, no, no, no]
        let pairs = [yes, yes, profile == .landlock ? "EPERM" : yes, no]
        #expect(outcome.output == families + Array(repeating: no, count: 7) + pairs)
    }

    @Test("typing into a terminal is refused, also with bits that the kernel ignores", arguments: Sandbox.preferred)
    func terminalInput(profile: Sandbox.Profile) async throws {
        // A terminal of its own needs mounts of its own; what is refused is refused for any file.
        let opening = profile == .landlock ? "slave = 0" : "master, slave = os.openpty()"
        let outcome = try await python(
            Site(profile),
            """
            \(opening)
            for number in [0x5412, 0x541c, 0x7f00005412]:
                result = libc.ioctl(slave, ctypes.c_ulong(number), ctypes.c_char_p(b'x'))
                print(errno.errorcode[ctypes.get_errno()] if result < 0 else 'allowed')
            """)
        #expect(outcome.output == ["EPERM", "EPERM", "EPERM"])
    }

    @Test("the kernel's settings cannot be changed from inside, nor can its log be read", arguments: Sandbox.preferred)
    func kernelSettings(profile: Sandbox.Profile) async throws {
        let before = contents("/proc/sys/kernel/core_pattern")
        let outcome = try await Site(profile).run(
            """
            echo '|/bin/true' > /proc/sys/kernel/core_pattern; echo b > /proc/sysrq-trigger; unshare -U true; dmesg; true
            """)
        #expect(contents("/proc/sys/kernel/core_pattern") == before)
        #expect(outcome.error.contains("core_pattern: "))
        #expect(outcome.error.contains("sysrq-trigger: "))
        #expect(outcome.error.contains("unshare failed"))
        #expect(outcome.error.contains("dmesg: read kernel buffer failed: Operation not permitted"))
    }

    @Test("without namespaces the host's processes, memory and files are out of reach all the same")
    func landlock() async throws {
        let site = try await Site(.landlock)
        try site.folder.write("secret", to: "secret")
        let outcome = try await python(
            site,
            """
            parent, root = os.getppid(), '\(site.folder.path)'
            for path in ['/etc/shadow', root + '/secret', '/proc/1/cmdline', '/proc/%d/environ' % parent, '/dev/ptmx', '/dev/shm/x']:
                attempt(lambda: open(path, 'w' if 'shm' in path else 'r'))
            attempt(lambda: os.listdir('/root')); attempt(lambda: os.listdir('/proc'))
            attempt(lambda: os.truncate(root + '/secret', 0)); attempt(lambda: os.symlink(root + '/secret', 'link')); attempt(lambda: open('link'))
            attempt(lambda: os.kill(parent, 0)); attempt(lambda: os.setpriority(os.PRIO_PROCESS, parent, 5))
            import resource
            attempt(lambda: resource.prlimit(parent, resource.RLIMIT_CPU, (1, 1)))
            attempt(lambda: os.sched_setaffinity(parent, [0])); attempt(lambda: os.nice(1))
            attempt(lambda: resource.prlimit(0, resource.RLIMIT_CPU, (100, 100)))
            call(29, 0, 4096, 0o1600); call(64, 0, 1, 0o1600); call(68, 0, 0o1600); call(240, b'x', 66, 0o600, 0)
            """)
        #expect(outcome.error == "")
        #expect(
            outcome.output == Array(repeating: "EACCES", count: 9) + ["allowed", "EACCES"]
                + Array(repeating: "EPERM", count: 4)
                + ["allowed", "allowed"] + Array(repeating: "EPERM", count: 4), "\(outcome.output)")
        #expect(contents("\(site.folder.path)/secret") == "secret")
    }

    @Test(
        "no privilege is left: no capability, no new one, no way back to root",
        arguments: Sandbox.preferred)
    func privileges(profile: Sandbox.Profile) async throws {
        let outcome = try await Site(profile).run(
            """
            while read -r name value; do case $name in CapEff:|CapBnd:|NoNewPrivs:|Seccomp:|Groups:) echo $name$value
            esac; done < /proc/self/status
            """)
        let groups = Site.isRoot ? "Groups:" : outcome.output.last { $0.hasPrefix("Groups:") } ?? ""
        let bounding = outcome.output.first { $0.hasPrefix("CapBnd:") } ?? ""
        // An ordinary user outside of a namespace has none to drop; without new privileges it bounds nothing.
        if Site.isRoot || profile != .landlock { #expect(bounding == "CapBnd:0000000000000000") }
        #expect(
            Set(outcome.output) == [groups, "CapEff:0000000000000000", bounding, "NoNewPrivs:1", "Seccomp:2"])
    }

    @Test(
        "a fork bomb stops at the limit of processes", .enabled(if: Site.isRoot, "the limit counts all of a user's"),
        arguments: Sandbox.preferred)
    func processes(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        var launch = try site.launch("")
        launch.limits.processes = 40
        launch.command = [
            "/usr/bin/python3", "-c",
            """
            import os, signal
            made = 0
            try:
                while made < 100:
                    if os.fork() == 0: signal.pause()
                    made += 1
            except BlockingIOError: pass
            print(made)
            """,
        ]
        let made = try #require(Int(try await site.run(launch).output.first ?? ""))
        #expect((20..<40).contains(made))
    }

    @Test(
        "a file stops growing at the limit of its size",
        arguments: Sandbox.preferred)
    func fileSize(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        var launch = try site.launch(
            "head -c 3000000 /dev/zero > out/big; echo $?; truncate -s 1T out/sparse; ulimit -n; ulimit -c")
        launch.limits.fileBytes = 1 << 20
        launch.limits.openFiles = 99
        let outcome = try await site.run(launch)
        #expect(outcome.output == ["153", "99", "0"])
        var status = stat()
        try #require(stat("\(site.workspace.root)/out/big", &status) == 0)
        #expect(status.st_size == 1 << 20)
    }

    @Test(
        "address space and processor time are limited when asked for",
        arguments: Sandbox.preferred)
    func optionalLimits(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        var launch = try site.launch("ulimit -v; ulimit -t")
        #expect(try await site.run(launch).output == ["unlimited", "unlimited"])
        launch.limits.addressSpaceBytes = 1 << 30
        launch.limits.cpuSeconds = 60
        #expect(try await site.run(launch).output == ["1048576", "60"])
    }
}
