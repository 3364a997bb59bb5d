/* What main.c composes: each step ends the process with a message when it cannot be done. */
#ifndef PENSTOCK_SANDBOX_H
#define PENSTOCK_SANDBOX_H

#include <sys/resource.h>

/* Our own failures; a plugin's exit code 125 is told apart by the status pipe, where only a started plugin reports. */
enum { failure_code = 125 };

/* An optional number from the command line. */
struct number {
    int given;
    unsigned long long value;
};

struct options {
    struct number uid, gid;
    struct number nproc, fsize, nofile, as, cpu;
    /* Folders of control groups to go into. */
    const char *cgroups[2];
    int cgroup_count;
    struct number keep;
    /* A second number for the descriptor to keep, which bwrap passes on to what it starts, and with the three numbers
       after it the standard streams. */
    struct number report;
    /* bwrap and its arguments, NULL-terminated. */
    char **command;
};

/* Prints "penstock-sandbox: …" with the text of `error` (an errno, 0 for none) and exits with failure_code. */
void fail(int error, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* Goes into the control groups, which only who starts this may write. */
void join_cgroups(const struct options *options);

/* Becomes uid and gid without supplementary groups, and checks that there is no way back. */
void drop_identity(const struct options *options);

/* Dies when the spawning thread dies. */
void follow_parent(const struct options *options);

void set_limits(const struct options *options);

/* Closes every descriptor above 2 but the one to keep, and passes that one and the standard streams on. */
void close_descriptors(const struct options *options);

/* One plugin to start: with our own standard streams, or with the named pipes, in the given working directory. */
struct instance {
    const char *input, *output, *error, *directory;
    /* Whether a terminal is its standard input; whether it only has one. */
    int terminal, login;
};

struct supervision {
    struct instance instance[2];
    int instances;
    /* The plugin and its arguments, NULL-terminated. */
    char **command;
};

/* The supervisor of a judged plugin; `arguments` is what follows --supervise. */
void supervise(char **arguments) __attribute__((noreturn));

/* A descriptor that holds the seccomp program as `bwrap --seccomp` reads it. */
int export_filter(void);

#endif
