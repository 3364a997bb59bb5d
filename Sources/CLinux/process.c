#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Starts a program with default signals and none blocked; `actions` say which descriptors it has. */
static int start(const char *path, char *const arguments[], char *const environment[],
                 const posix_spawn_file_actions_t *actions, short flags, pid_t *pid) {
    posix_spawnattr_t attributes;
    int failure = posix_spawnattr_init(&attributes);
    if (failure) return failure;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    failure = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!failure) failure = posix_spawnattr_setsigmask(&attributes, &none);
    if (!failure)
        failure = posix_spawnattr_setflags(&attributes, flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    if (!failure) failure = posix_spawn(pid, path, actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

int csystem_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                  int input, int output, int error, int status, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return failure;
    // The status descriptor goes last: an earlier one may happen to be number 3 here.
    failure = posix_spawn_file_actions_adddup2(&actions, input, 0);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, error, 2);
    if (!failure && status >= 0) failure = posix_spawn_file_actions_adddup2(&actions, status, 3);
    if (!failure) failure = posix_spawn_file_actions_addclosefrom_np(&actions, status >= 0 ? 4 : 3);
    if (!failure && directory) failure = posix_spawn_file_actions_addchdir_np(&actions, directory);
    if (!failure) failure = start(path, arguments, environment, &actions, POSIX_SPAWN_SETSID, pid);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

int csystem_spawn_here(const char *path, char *const arguments[], char *const environment[], const char *directory,
                       pid_t *pid) {
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return failure;
    failure = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (!failure && directory) failure = posix_spawn_file_actions_addchdir_np(&actions, directory);
    if (!failure) failure = start(path, arguments, environment, &actions, 0, pid);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

int csystem_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int csystem_pidfd_open(pid_t pid) {
    int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
    if (descriptor >= 0) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return descriptor;
}

int csystem_pidfd_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}

int csystem_has_access_list(const char *path) { return getxattr(path, "system.posix_acl_access", NULL, 0) >= 0; }

void csystem_unlock_directory(int parent, const char *name) {
    int descriptor = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) return;
    // Through /proc: a descriptor of this kind takes no fchmod, and by now the name could mean a link.
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    chmod(path, 0700);
    close(descriptor);
}

int csystem_peek_exit(pid_t pid, int *code) {
    siginfo_t info = {0};
    int result;
    do result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
    while (result < 0 && errno == EINTR);
    if (result < 0) return -1;
    if (info.si_pid == 0) return 0;
    *code = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    return 1;
}

static volatile sig_atomic_t child_wake = -1;

static void note_child(int signal) {
    (void)signal;
    int error = errno;
    uint64_t ended = CSYSTEM_CHILD_ENDED;
    // A counter that is full wakes as well.
    ssize_t written = write(child_wake, &ended, sizeof ended);
    (void)written;
    errno = error;
}

int csystem_adopt_orphans(int wake) {
    child_wake = wake;
    struct sigaction action = {.sa_handler = note_child, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGCHLD, &action, NULL)) return -1;
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int csystem_poll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int csystem_poll_set(int poll, int descriptor, uint32_t events, uint64_t token, int isNew) {
    struct epoll_event event = {0};
    event.data.u64 = token;
    if (events & CSYSTEM_READABLE) event.events |= EPOLLIN;
    if (events & CSYSTEM_WRITABLE) event.events |= EPOLLOUT;
    if (!events) return epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, &event);
    return epoll_ctl(poll, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event);
}

int csystem_poll_wait(int poll, csystem_event *events, int capacity) {
    struct epoll_event ready[64];
    if (capacity > 64) capacity = 64;
    int count;
    do count = epoll_wait(poll, ready, capacity, -1);
    while (count < 0 && errno == EINTR);
    for (int i = 0; i < count; i++) {
        events[i].token = ready[i].data.u64;
        events[i].events = 0;
        if (ready[i].events & EPOLLIN) events[i].events |= CSYSTEM_READABLE;
        if (ready[i].events & EPOLLOUT) events[i].events |= CSYSTEM_WRITABLE;
        if (ready[i].events & (EPOLLHUP | EPOLLERR)) events[i].events |= CSYSTEM_HANGUP;
    }
    return count;
}

int csystem_terminal_size(int descriptor, int *rows, int *columns) {
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return -1;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

FILE *csystem_standard_output(void) { return stdout; }

FILE *csystem_standard_error(void) { return stderr; }

int csystem_wake_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
