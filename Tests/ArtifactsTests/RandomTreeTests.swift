import Artifacts
import Testing

/// Makes the trees 0, 1, … in the current directory from a seed, and lists in `bad` those with a link that leads out
/// of its tree, or in a circle: one that is followed step by step, as the kernel does it.
private let generator = #"""
    import errno, os, random, sys
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    names = [b"a", b"b", b"a!", b"A", b"\xff", b"x\ny", "\u00e9".encode(), b"-", b" "]
    def fill(path, depth, links):
        for name in rng.sample(names, rng.randint(0, 5)):
            child, kind = path + b"/" + name, rng.random()
            if kind < 0.4 and depth < 4:
                os.mkdir(child)
                fill(child, depth + 1, links)
                os.chmod(child, rng.choice([0o755, 0o700, 0o777, 0o711]))
            elif kind < 0.55:
                steps = [rng.choice(names[:3] + [b"..", b"..", b"."]) for _ in range(rng.randint(1, 4))]
                os.symlink(b"/".join(steps), child)
                links.append(child)
            else:
                with open(child, "wb") as f: f.write(rng.randbytes(rng.choice([0, 1, 100, 5000, 1 << 20])))
                os.chmod(child, rng.choice([0o644, 0o755, 0o400, 0o666]))
    def is_bad(root, link):
        place, hops = os.path.relpath(link, root).split(b"/")[:-1], 1
        todo = os.readlink(link).split(b"/")
        while todo:
            step = todo.pop(0)
            if step == b".": continue
            if step == b"..":
                if not place: return True
                place.pop()
                continue
            at = b"/".join([root] + place + [step])
            if os.path.islink(at):
                hops += 1
                if hops > 40: return True
                todo = os.readlink(at).split(b"/") + todo
            else: place.append(step)
        # The kernel must not see worse than that.
        end = os.path.realpath(link)
        assert end == root or end.startswith(root + b"/"), link
        try: os.stat(link)
        except OSError as e: assert e.errno in (errno.ENOENT, errno.ENOTDIR), link
        return False
    bad = open("bad", "w")
    for i in range(count):
        root, links = os.path.realpath(b".") + b"/%d" % i, []
        os.mkdir(root)
        fill(root, 0, links)
        if any(is_bad(root, link) for link in links): bad.write(f"{i} ")
    """#

@Suite("Random trees")
struct RandomTreeTests {
    @Test(
        "are refused exactly for their links, and otherwise come back from the store and from a zip",
        arguments: [1, 2, 3])
    func trees(seed: Int) throws {
        let scratch = try Scratch()
        let (store, count) = (try scratch.store(), 40)
        let trees = try scratch.directory("trees")
        let python = ["/usr/bin/env", "-C", trees, "python3", "-c", generator, "\(seed)", "\(count)"]
        try #require(try run(python) == 0)
        let bad = Set(String(decoding: try scratch.read("\(trees)/bad"), as: UTF8.self).split(separator: " "))
        #expect(!bad.isEmpty && bad.count < count)
        for tree in 0..<count {
            do throws(ArtifactError) {
                let digest = try store.ingest(directory: "\(trees)/\(tree)")
                #expect(!bad.contains("\(tree)"), "seed \(seed), tree \(tree) has a bad link")
                try store.materialise(digest, into: "\(scratch.path)/\(tree)")
                try store.pack(digest, toZip: "\(scratch.path)/\(tree).zip")
                #expect(try store.ingest(zip: "\(scratch.path)/\(tree).zip") == digest)
            } catch {
                #expect(bad.contains("\(tree)") && error.code == .badLink, "seed \(seed), tree \(tree): \(error)")
                continue
            }
            try expectSame("\(trees)/\(tree)", "\(scratch.path)/\(tree)")
        }
    }
}
