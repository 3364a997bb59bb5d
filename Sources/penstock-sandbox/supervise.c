/*
 * The supervisor of a judged plugin: inside of the sandbox it starts the plugin, tells how it ends, and stays, so that
 * what the plugin leaves behind can be seen before the sandbox, and everything in it, ends.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The pipe on which it tells; closed in everything that it starts. */
static int report_descriptor;

static void report(const char *what, int number, int instance) {
    char line[96];
    int length = snprintf(line, sizeof line, "{\"%s\":%d,\"instance\":%d}\n", what, number, instance);
    /* One write, so that lines never mix; nobody to read it means nobody to tell. */
    if (write(report_descriptor, line, (size_t)length) < 0) _exit(failure_code);
}

static void open_as(const char *path, int flags, int descriptor) {
    int file = open(path, flags, 0666);
    if (file < 0 || dup2(file, descriptor) < 0) _exit(failure_code);
    if (file != descriptor) close(file);
}

/*
 * Runs one command of the fixture to its end; what it starts in the background lives on beside the plugin. Its session
 * comes before the plugin's: so what it starts later on can be told from what the plugin does.
 */
static int prepare(char *command) {
    pid_t pid = fork();
    if (pid < 0) return errno;
    if (pid == 0) {
        if (setsid() < 0 || chdir("/plugin") != 0) _exit(failure_code);
        open_as("/dev/null", O_RDONLY, 0);
        open_as("/outside/.setup.log", O_WRONLY | O_CREAT | O_APPEND, 1);
        if (dup2(1, 2) < 0) _exit(failure_code);
        setenv("OUTSIDE", "/outside", 1);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(failure_code);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

/* A terminal of its own for what is started next. This process holds the master: else it would hang up at once. */
static char *make_terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) fail(errno, "cannot make a terminal");
    return ptsname(master);
}

/* Gives this process, which leads a session, its controlling terminal, also as its standard input if it is `by_hand`. */
static void take_terminal(const char *name, int by_hand) {
    int terminal = open(name, O_RDWR);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0) _exit(failure_code);
    if (by_hand && dup2(terminal, 0) < 0) _exit(failure_code);
    close(terminal);
}

static pid_t start(char **command, const struct instance *instance, int number) {
    char *terminal = instance->terminal || instance->login ? make_terminal() : NULL;
    /* Closed by exec: "started" is to mean that the program is at work, in a group that can be signalled. */
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) != 0) fail(errno, "cannot start a process");
    pid_t pid = fork();
    if (pid != 0) {
        char byte;
        close(gate[1]);
        while (read(gate[0], &byte, 1) < 0 && errno == EINTR) {}
        close(gate[0]);
        return pid;
    }
    setsid();
    if (terminal) take_terminal(terminal, instance->terminal);
    if (instance->input) {
        open_as(instance->input, O_RDONLY, 0);
        open_as(instance->output, O_WRONLY, 1);
        open_as(instance->error, O_WRONLY, 2);
        char home[4096], tmp[4096];
        snprintf(home, sizeof home, "%s/home", instance->directory);
        snprintf(tmp, sizeof tmp, "%s/tmp", instance->directory);
        if (chdir(instance->directory) != 0 || setenv("PWD", instance->directory, 1) != 0
            || setenv("HOME", home, 1) != 0 || setenv("TMPDIR", tmp, 1) != 0)
            _exit(failure_code);
    }
    execv(command[0], command);
    report("refused", errno, number);
    _exit(failure_code);
}

static struct supervision parse(char **argument) {
    struct supervision supervision = {.instances = 1};
    report_descriptor = atoi(*argument++);
    for (; *argument && strcmp(*argument, "--") != 0; argument++) {
        if (strcmp(*argument, "--before") == 0 && argument[1]) {
            int status = prepare(*++argument);
            if (status != 0) {
                report("unprepared", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), 0);
                exit(failure_code);
            }
        } else if (strcmp(*argument, "--terminal") == 0) {
            supervision.instance[0].terminal = 1;
        } else if (strcmp(*argument, "--login") == 0) {
            supervision.instance[0].login = 1;
        } else if (strcmp(*argument, "--second") == 0 && argument[1] && argument[2] && argument[3] && argument[4]) {
            supervision.instance[1] = (struct instance){
                .input = argument[1], .output = argument[2], .error = argument[3], .directory = argument[4]};
            supervision.instances = 2;
            argument += 4;
        } else {
            fail(0, "unknown option '%s' of --supervise", *argument);
        }
    }
    if (!*argument || !argument[1]) fail(0, "no program after --");
    supervision.command = argument + 1;
    return supervision;
}

void supervise(char **arguments) {
    /* Whatever loses its parent becomes our child, so it can be told from what others started. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail(errno, "cannot adopt orphans");
    /* If memory runs out, then for the plugin and not for who judges it; a machine without that rank is none of ours. */
    int rank = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (rank >= 0 && write(rank, "1000", 4) < 0) fail(errno, "cannot rank for the end of memory");
    close(rank);
    /* The plugin, who may be the same user, must not find the pipe on which we tell below /proc. */
    if (prctl(PR_SET_DUMPABLE, 0) != 0) fail(errno, "cannot be hidden");
    if (!*arguments) fail(0, "--supervise needs a descriptor");
    if (fcntl(atoi(*arguments), F_SETFD, FD_CLOEXEC) != 0) fail(errno, "cannot use descriptor %s", *arguments);
    for (int stream = 0; stream <= STDERR_FILENO; stream++) {
        int passed = atoi(*arguments) + 1 + stream;
        if (dup2(passed, stream) < 0) fail(errno, "cannot use descriptor %d", passed);
        close(passed);
    }
    struct supervision supervision = parse(arguments);
    pid_t pid[2];
    for (int i = 0; i < supervision.instances; i++) {
        pid[i] = start(supervision.command, &supervision.instance[i], i);
        if (pid[i] < 0) fail(errno, "cannot start %s", supervision.command[0]);
        report("started", pid[i], i);
    }
    /* The plugin alone holds its pipes. */
    for (int descriptor = 0; descriptor < 3; descriptor++) open_as("/dev/null", O_RDWR, descriptor);
    for (;;) {
        int status = 0;
        pid_t ended = wait(&status);
        if (ended < 0 && errno == ECHILD) pause();
        for (int i = 0; i < supervision.instances; i++)
            if (ended == pid[i]) {
                pid[i] = 0;
                report(WIFSIGNALED(status) ? "signalled" : "exited",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), i);
            }
    }
}
