/*
 * A sandbox that this program makes itself, in three processes. The one that was started waits and tells how the plugin
 * ended: its death ends everything. The first of the sandbox makes it, starts the plugin, reaps what loses its parent,
 * and ends what is left when the plugin has ended. The third becomes the plugin.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* To the first process, without namespaces: its parent has died. With them the kernel kills it, and so all others. */
enum { parent_died = SIGUSR1 };

/* In bwrap's words. */
static void tell(const struct options *options, const char *what, int number) {
    char line[64];
    if (!options->keep.given) return;
    int length = snprintf(line, sizeof line, "{ \"%s\": %d }\n", what, number);
    /* Nobody to read it means nobody to tell. */
    if (write((int)options->keep.value, line, (size_t)length) < 0) return;
}

/* The plugin's pipes end with the plugin and what it started, not with us. */
static void let_go_of_streams(void) {
    for (int stream = 0; stream <= STDERR_FILENO; stream++) close(stream);
}

/* As shells say it. */
static int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

static void follow(int gate, int signal) {
    if (prctl(PR_SET_PDEATHSIG, signal) != 0) fail(errno, "cannot follow the parent's death");
    /* It may have died before the call: then nobody holds the other end. */
    struct pollfd other = {.fd = gate};
    if (poll(&other, 1, 0) == 1 && other.revents & POLLERR) _exit(failure_code);
}

/* Why the plugin could not be started: written by the process that tried, whose memory is ours. */
static volatile int refusal;

static pid_t start_plugin(const struct options *options, int rules) {
    pid_t plugin = vfork();
    if (plugin != 0) return plugin;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    refusal = rules < 0 ? 0 : obey_rules(rules);
    if (refusal == 0) {
        execv(options->command[0], options->command);
        refusal = errno;
    }
    _exit(failure_code);
}

/*
 * Reaps until the plugin has ended. Returns its status, or -1 when our parent has died: a plugin may send the signal, too,
 * but gives us no other parent. With a pid namespace that is always 0.
 */
static int attend(pid_t plugin, pid_t parent, const sigset_t *signals) {
    for (;;) {
        int status;
        pid_t ended;
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
            if (ended == plugin) return status;
        if (sigwaitinfo(signals, NULL) == parent_died && getppid() != parent) return -1;
    }
}

/*
 * Without a pid namespace: kills what the plugin left behind, which has become our child or is below one. Whoever forks
 * meanwhile leaves one that is found next time.
 */
static void end_descendants(void) {
    char path[64], pids[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    do {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? -1 : read(file, pids, sizeof pids - 1);
        close(file);
        if (length <= 0) return;
        pids[length] = '\0';
        /* The last number may be cut off, and so be a stranger's. */
        if (length == sizeof pids - 1) *strrchr(pids, ' ') = '\0';
        for (char *pid = pids, *end; (end = strchr(pid, ' ')) || *pid; pid = end ? end + 1 : pid + strlen(pid))
            kill((pid_t)strtol(pid, NULL, 10), SIGKILL);
    } while (waitpid(-1, NULL, 0) > 0);
}

/* The first process of the sandbox. */
static void lead(const struct options *options, int gate, uid_t uid, gid_t gid)
    __attribute__((noreturn));

static void lead(const struct options *options, int gate, uid_t uid, gid_t gid) {
    int apart = options->profile == by_namespaces;
    pid_t parent = getppid();
    sigset_t signals;
    sigfillset(&signals);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    follow(gate, apart ? SIGKILL : parent_died);
    if (options->new_session && setsid() < 0) fail(errno, "cannot begin a session");
    if (apart) enter_namespaces(options, uid, gid);
    else if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail(errno, "cannot adopt orphans");
    int rules = apart ? -1 : make_rules(options);
    if (options->directory) {
        if (chdir(options->directory) != 0) fail(errno, "cannot enter %s", options->directory);
        if (setenv("PWD", options->directory, 1) != 0) fail(errno, "no memory");
    }
    if (apart) drop_bounding_set();
    drop_capabilities();
    set_limits(options);
    forbid_gains();
    load_filter(options);
    /* The plugin, who is the same user, must find neither our memory nor our descriptors below /proc. */
    if (prctl(PR_SET_DUMPABLE, 0) != 0) fail(errno, "cannot be hidden");

    pid_t plugin = start_plugin(options, rules);
    if (plugin < 0) fail(errno, "cannot start a process");
    if (refusal) fail(refusal, "cannot start the plugin's program %s", options->command[0]);
    if (write(gate, "", 1) < 0) _exit(failure_code);
    let_go_of_streams();
    int status = attend(plugin, parent, &signals);
    if (status >= 0) tell(options, "exit-code", exit_code(status));
    if (!apart) end_descendants();
    _exit(status < 0 ? failure_code : exit_code(status));
}

void start_sandbox(const struct options *options) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) != 0) fail(errno, "cannot make a pipe");
    if (options->keep.given && fcntl((int)options->keep.value, F_SETFD, FD_CLOEXEC) != 0)
        fail(errno, "cannot use descriptor %llu", options->keep.value);
    /* Another user's once, we are ours to look at again: what we write below /proc must be. */
    if (prctl(PR_SET_DUMPABLE, 1) != 0) fail(errno, "cannot be seen");
    unsigned long namespaces = options->profile == by_namespaces ? namespace_flags(options) : 0;
    pid_t first = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
    if (first < 0) fail(errno, namespaces ? "cannot make namespaces" : "cannot start a process");
    if (first == 0) {
        close(gate[0]);
        lead(options, gate[1], uid, gid);
    }
    close(gate[1]);
    tell(options, "child-pid", first);
    let_go_of_streams();
    char byte;
    int started = read(gate[0], &byte, 1) == 1;
    int status;
    while (waitpid(first, &status, 0) < 0)
        if (errno != EINTR) _exit(failure_code);
    if (WIFSIGNALED(status) && started) tell(options, "exit-code", exit_code(status));
    _exit(exit_code(status));
}
