/* What a plugin may open where it has no namespaces: all that the rules do not name is refused. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Younger than the oldest kernel's headers that this is built with. */
enum { oldest_abi = 3, abi_with_tcp = 4, abi_with_ioctl = 5, abi_with_scopes = 6 };
#define ACCESS_FS_REFER (1ULL << 13)
#define ACCESS_FS_TRUNCATE (1ULL << 14)
#define ACCESS_FS_IOCTL_DEV (1ULL << 15)
#define ACCESS_NET_TCP 3ULL
#define SCOPE_SOCKETS_AND_SIGNALS 3ULL

struct ruleset {
    __u64 files, network, scopes;
};

static const __u64 reading = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
/* Of a file that is no folder. */
static const __u64 of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE
    | ACCESS_FS_TRUNCATE | ACCESS_FS_IOCTL_DEV;
static const __u64 devices = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

static int abi_here(void) {
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0) fail(errno, "this kernel has no Landlock");
    if (abi < oldest_abi)
        fail(0, "this kernel's Landlock (ABI %d) keeps nobody from truncating a file; it takes ABI %d, Linux 6.2", abi,
             oldest_abi);
    return abi;
}

/* All that this kernel can refuse. */
static struct ruleset everything(int abi, int network) {
    return (struct ruleset){
        .files = ACCESS_FS_TRUNCATE * 2 - 1 + (abi < abi_with_ioctl ? 0 : ACCESS_FS_IOCTL_DEV),
        .network = abi < abi_with_tcp || network ? 0 : ACCESS_NET_TCP,
        .scopes = abi < abi_with_scopes ? 0 : SCOPE_SOCKETS_AND_SIGNALS,
    };
}

/* An older kernel takes the beginning of it. */
static size_t size_of_ruleset(int abi) {
    return abi < abi_with_tcp ? offsetof(struct ruleset, network)
        : abi < abi_with_scopes ? offsetof(struct ruleset, scopes) : sizeof(struct ruleset);
}

/* Returns an errno, or 0. */
static int allow(int rules, int path, __u64 access) {
    struct stat status;
    if (fstat(path, &status) != 0) return errno;
    if (!S_ISDIR(status.st_mode)) access &= of_files;
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = path};
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : errno;
}

int make_rules(const struct options *options) {
    int abi = abi_here();
    struct ruleset ruleset = everything(abi, options->network);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size_of_ruleset(abi), 0);
    if (rules < 0) fail(errno, "cannot make Landlock's rules");
    for (size_t i = 0; i < options->step_count; i++) {
        const struct step *step = &options->steps[i];
        if (step->kind > bind_to_write) continue;
        int path = open(step->source, O_PATH | O_CLOEXEC);
        if (path < 0 && errno == ENOENT && step->kind == bind_to_read_if_there) continue;
        if (path < 0) fail(errno, "cannot show %s", step->source);
        int error = allow(rules, path, step->kind == bind_to_write ? ruleset.files & ~devices : reading);
        if (error) fail(error, "cannot allow %s", step->source);
        close(path);
    }
    return rules;
}

int obey_rules(int rules) {
    /* Of /proc what tells of itself: other processes are nobody's business. */
    int self = open("/proc/self", O_PATH | O_CLOEXEC);
    int error = self < 0 ? 0 : allow(rules, self, reading);
    if (error) return error;
    return syscall(SYS_landlock_restrict_self, rules, 0) == 0 ? 0 : errno;
}
