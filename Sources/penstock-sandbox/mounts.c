/* What is seen inside of a sandbox in its own mount namespace. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define count_of(array) (sizeof(array) / sizeof *(array))

static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};

/*
 * A copy of a mount with all below it, to be put somewhere else; -1 if nothing is there.
 * It hears no more of what is mounted outside.
 */
static int copy(const char *path, __u64 attributes) {
    int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0 && errno == ENOENT) return -1;
    struct mount_attr attr = {.attr_set = attributes, .propagation = MS_PRIVATE};
    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) != 0)
        fail(errno, "cannot show %s", path);
    return tree;
}

static int copy_step(const struct step *step) {
    __u64 attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    if (step->kind != bind_to_write) attributes |= MOUNT_ATTR_RDONLY;
    int tree = copy(step->source, attributes);
    if (tree < 0 && step->kind != bind_to_read_if_there) fail(ENOENT, "cannot show %s", step->source);
    return tree;
}

/* Makes a folder, or an empty file, and what leads there, unless it is there. */
static void make(const char *path, int is_folder) {
    for (int attempt = 0; attempt < 2; attempt++) {
        if ((is_folder ? mkdir(path, 0755) : mknod(path, S_IFREG | 0644, 0)) == 0 || errno == EEXIST) return;
        const char *last = strrchr(path, '/');
        if (errno != ENOENT || !last || last == path) break;
        char *parent = strndup(path, (size_t)(last - path));
        if (parent) make(parent, 1);
        free(parent);
    }
    fail(errno, "cannot make %s in the sandbox", path);
}

static void place(int tree, const char *target) {
    struct stat status;
    if (fstat(tree, &status) != 0) fail(errno, "cannot look at %s", target);
    make(target, S_ISDIR(status.st_mode));
    if (move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        fail(errno, "cannot mount %s in the sandbox", target);
    close(tree);
}

static void link_as(const char *content, const char *path) {
    if (symlink(content, path) != 0) fail(errno, "cannot make the link %s in the sandbox", path);
}

static void mount_new(const char *type, const char *target, unsigned long flags, const char *data) {
    if (mkdir(target, 0755) != 0 && errno != EEXIST) fail(errno, "cannot make %s in the sandbox", target);
    if (mount(type, target, type, MS_NOSUID | flags, data) != 0) fail(errno, "cannot mount %s", target);
}

/* Everything that comes from outside, to be taken before the outside goes. */
struct sources {
    int *steps, devices[count_of(devices)], terminal;
};

static struct sources take(const struct options *options) {
    struct sources sources = {.steps = calloc(options->step_count + 1, sizeof(int)), .terminal = -1};
    if (!sources.steps) fail(errno, "no memory");
    for (size_t i = 0; i < options->step_count; i++)
        if (options->steps[i].kind <= bind_to_write) sources.steps[i] = copy_step(&options->steps[i]);
    for (size_t i = 0; i < count_of(devices); i++) {
        sources.devices[i] = copy(devices[i], MOUNT_ATTR_NOSUID);
        if (sources.devices[i] < 0) fail(ENOENT, "cannot show %s", devices[i]);
    }
    /* A person's, who would miss its name. */
    const char *terminal = options->new_session ? NULL : ttyname(1);
    if (terminal) sources.terminal = copy(terminal, MOUNT_ATTR_NOSUID);
    return sources;
}

static void furnish_devices(const struct sources *sources, const char *size) {
    static const char *const links[][2] = {
        {"/proc/self/fd", "/dev/fd"}, {"/proc/self/fd/0", "/dev/stdin"}, {"/proc/self/fd/1", "/dev/stdout"},
        {"/proc/self/fd/2", "/dev/stderr"}, {"pts/ptmx", "/dev/ptmx"}, {"/proc/kcore", "/dev/core"},
    };
    make("/dev", 1);
    for (size_t i = 0; i < count_of(devices); i++) place(sources->devices[i], devices[i]);
    for (size_t i = 0; i < count_of(links); i++) link_as(links[i][0], links[i][1]);
    mount_new("devpts", "/dev/pts", MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620");
    char data[64] = "mode=0755,size=";
    strncat(data, size, sizeof data - strlen(data) - 1);
    mount_new("tmpfs", "/dev/shm", MS_NODEV, data);
    if (sources->terminal >= 0) place(sources->terminal, "/dev/console");
}

/* A new root in the place of ours, with /proc, which can only be had while the old one is there. */
static void replace_root(void) {
    /* It stands where /proc is, because that is there on every machine. */
    if (mount("tmpfs", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) fail(errno, "cannot mount a root");
    if (chdir("/proc") != 0 || mkdir("proc", 0755) != 0) fail(errno, "cannot enter the new root");
    if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) fail(errno, "cannot mount /proc");
    if (syscall(SYS_pivot_root, ".", ".") != 0) fail(errno, "cannot change the root");
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) fail(errno, "cannot leave the old root");
}

static void furnish(const struct step *step, int tree, const struct sources *sources) {
    switch (step->kind) {
    case bind_to_read:
    case bind_to_read_if_there:
    case bind_to_write:
        if (tree >= 0) place(tree, step->target);
        break;
    case make_link: link_as(step->source, step->target); break;
    case make_folder: make(step->target, 1); break;
    case make_devices: furnish_devices(sources, step->source); break;
    }
}

void mount_steps(const struct options *options) {
    struct sources sources = take(options);
    replace_root();
    for (size_t i = 0; i < options->step_count; i++) furnish(&options->steps[i], sources.steps[i], &sources);
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only) != 0) fail(errno, "cannot lock the root");
    free(sources.steps);
}
