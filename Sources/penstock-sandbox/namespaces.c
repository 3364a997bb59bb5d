/* The first process of a sandbox in its own namespaces. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The user as it sees itself. */
enum { inner_id = 1000 };

unsigned long namespace_flags(const struct options *options) {
    return CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
        | (options->network ? 0 : CLONE_NEWNET);
}

static void put(const char *text, const char *path) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, text, strlen(text)) < 0) fail(errno, "cannot write %s", path);
    close(file);
}

static void map(const char *path, unsigned inside, unsigned outside) {
    char line[40];
    snprintf(line, sizeof line, "%u %u 1", inside, outside);
    put(line, path);
}

/* The addresses come by themselves. */
static void raise_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int socket_of_ours = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_of_ours < 0 || ioctl(socket_of_ours, SIOCSIFFLAGS, &request) != 0)
        fail(errno, "cannot raise the loopback");
    close(socket_of_ours);
}

/*
 * Two user namespaces, one in the other. As root of the outer one we build: a terminal's file system takes a root. In
 * the inner one the plugin lives, and whatever it came by there would not hold for what was built. The outer one allows
 * but one, so there will be no third.
 */
void enter_namespaces(const struct options *options, uid_t uid, gid_t gid) {
    static const char name[] = "penstock";
    put("deny", "/proc/self/setgroups");
    map("/proc/self/uid_map", 0, uid);
    map("/proc/self/gid_map", 0, gid);
    /* Podman's filter of system calls takes this for root's; the container's own name is no secret. */
    if (sethostname(name, strlen(name)) != 0 && errno != EPERM) fail(errno, "cannot set the host's name");
    if (!options->network) raise_loopback();
    mount_steps(options);
    /* In the new /proc: that of a container may be read-only. */
    put("1", "/proc/sys/user/max_user_namespaces");
    if (unshare(CLONE_NEWUSER) != 0) fail(errno, "cannot make the inner user namespace");
    map("/proc/self/uid_map", inner_id, 0);
    map("/proc/self/gid_map", inner_id, 0);
}
