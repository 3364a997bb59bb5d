/* Identity, parent, limits, descriptors and rights of the process that makes a sandbox. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

void join_cgroup(const struct options *options) {
    if (!options->cgroup) return;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/cgroup.procs", options->cgroup);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, "0", 1) != 1) fail(errno, "cannot go into the control group %s", options->cgroup);
    close(file);
}

void drop_identity(const struct options *options) {
    if (!options->uid.given) {
        if (geteuid() == 0) fail(0, "refusing to make a sandbox as root: give --uid and --gid");
        return;
    }
    /* (uid_t)-1 means "leave as it is" to setresuid, and 0 is what this program exists to avoid. */
    if (options->uid.value == 0 || options->uid.value >= UINT_MAX) fail(0, "uid %llu is refused", options->uid.value);
    if (options->gid.value == 0 || options->gid.value >= UINT_MAX) fail(0, "gid %llu is refused", options->gid.value);
    uid_t uid = (uid_t)options->uid.value;
    gid_t gid = (gid_t)options->gid.value;
    if (setgroups(0, NULL) != 0) fail(errno, "cannot drop the supplementary groups");
    /* A container may have fewer users than a machine. */
    if (setresgid(gid, gid, gid) != 0) fail(errno, "cannot become group %u (set PENSTOCK_USERS to others)", gid);
    if (setresuid(uid, uid, uid) != 0) fail(errno, "cannot become user %u (set PENSTOCK_USERS to others)", uid);
    if (setuid(0) == 0) fail(0, "user %u can still become root", uid);
}

void follow_parent(const struct options *options) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(errno, "cannot follow the parent's death");
    /* It may have died before the call, and then nobody sends the signal; but a pipe kept for it has no reader. */
    struct pollfd kept = {.fd = options->keep.given ? (int)options->keep.value : -1};
    if (poll(&kept, 1, 0) == 1 && kept.revents & POLLERR) fail(0, "the program that started this one is gone");
}

/* Lowers both limits to `value`; a hard limit that is lower already stays. */
static void lower(int resource, const char *name, unsigned long long value) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) fail(errno, "cannot read the limit %s", name);
    if (value < limit.rlim_max) limit.rlim_max = (rlim_t)value;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(resource, &limit) != 0) fail(errno, "cannot set the limit %s to %llu", name, value);
}

void set_limits(const struct options *options) {
    lower(RLIMIT_CORE, "core", 0);
    if (options->nproc.given) lower(RLIMIT_NPROC, "nproc", options->nproc.value);
    if (options->fsize.given) lower(RLIMIT_FSIZE, "fsize", options->fsize.value);
    if (options->nofile.given) lower(RLIMIT_NOFILE, "nofile", options->nofile.value);
    if (options->as.given) lower(RLIMIT_AS, "as", options->as.value);
    if (options->cpu.given) {
        lower(RLIMIT_CPU, "cpu", options->cpu.value + 1);
        /* SIGXCPU says why, which the SIGKILL of the hard limit does not. */
        struct rlimit limit;
        if (getrlimit(RLIMIT_CPU, &limit) == 0 && options->cpu.value < limit.rlim_cur) {
            limit.rlim_cur = (rlim_t)options->cpu.value;
            if (setrlimit(RLIMIT_CPU, &limit) != 0) fail(errno, "cannot set the limit cpu to %llu", options->cpu.value);
        }
    }
}

/*
 * bwrap stays as long as the sandbox, and with it what it has as 0, 1 and 2; of higher descriptors it passes all on and
 * keeps none. So the plugin's pipes go there, and end when the plugin and what it started have closed them.
 */
static void pass_on(int keep, int report) {
    if (dup2(keep, report) < 0) fail(errno, "cannot copy descriptor %d", keep);
    for (int stream = 0; stream <= STDERR_FILENO; stream++)
        if (dup2(stream, report + 1 + stream) < 0) fail(errno, "cannot copy descriptor %d", stream);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0) fail(errno, "cannot use /dev/null");
    close(nothing);
    /* What bwrap complains of is told where the supervisor tells. */
    if (dup2(keep, STDERR_FILENO) < 0) fail(errno, "cannot copy descriptor %d", keep);
}

void close_descriptors(const struct options *options) {
    unsigned first = STDERR_FILENO + 1;
    if (options->keep.given) {
        unsigned keep = (unsigned)options->keep.value;
        if (keep > first && close_range(first, keep - 1, 0) != 0) fail(errno, "cannot close descriptors");
        first = keep + 1;
    }
    if (close_range(first, UINT_MAX, 0) != 0) fail(errno, "cannot close descriptors");
    if (options->report.given) pass_on((int)options->keep.value, (int)options->report.value);
}

void drop_bounding_set(void) {
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability) == 0; capability++) {}
    /* Past the last there is no such capability; an ordinary user has none to drop. */
    if (errno != EINVAL && errno != EPERM) fail(errno, "cannot drop the capabilities of programs");
}

void drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 || syscall(SYS_capset, &header, none) != 0)
        fail(errno, "cannot drop the capabilities");
}

void forbid_gains(void) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(errno, "cannot forbid new rights");
}
