/* What main.c composes: each step ends the process with a message when it cannot be done. */
#ifndef PENSTOCK_SANDBOX_H
#define PENSTOCK_SANDBOX_H

#include <linux/filter.h>
#include <stddef.h>
#include <sys/types.h>

/* Our own failures; a plugin's exit code 125 is told apart by the status pipe, where only a started plugin reports. */
enum { failure_code = 125 };

/* An optional number from the command line. */
struct number {
    int given;
    unsigned long long value;
};

/* Who makes the sandbox: bwrap, which this program becomes, or this program by namespaces or by Landlock. */
enum profile { by_bubblewrap, by_namespaces, by_landlock };

/* One thing to be seen inside. */
struct step {
    enum { bind_to_read, bind_to_read_if_there, bind_to_write, make_link, make_folder, make_devices } kind;
    /* A bind's source outside; what a link says; of devices, how much /dev/shm holds. */
    const char *source;
    /* Absolute, inside. Landlock shows everything in its place, and looks at no target. */
    const char *target;
};

struct options {
    enum profile profile;
    struct number uid, gid;
    struct number nproc, fsize, nofile, as, cpu;
    /* The folder of a control group to go into. */
    const char *cgroup;
    /* The descriptor on which bwrap, or this program in its place, tells its status. */
    struct number keep;
    /* A second number for the descriptor to keep, which bwrap passes on to what it starts, and with the three numbers
       after it the standard streams. */
    struct number report;
    int network, new_session;
    const char *directory;
    struct step *steps;
    size_t step_count;
    /* bwrap, or the plugin, and its arguments, NULL-terminated. */
    char **command;
};

/* Prints "penstock-sandbox: …" with the text of `error` (an errno, 0 for none) and exits with failure_code. */
void fail(int error, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* confine.c */
/* Goes into the control group, which only who starts this may write. */
void join_cgroup(const struct options *options);

/* Becomes uid and gid without supplementary groups, and checks that there is no way back. */
void drop_identity(const struct options *options);

/* Dies when the spawning thread dies. */
void follow_parent(const struct options *options);

void set_limits(const struct options *options);

/* Closes every descriptor above 2 but the one to keep, and passes that one and the standard streams on. */
void close_descriptors(const struct options *options);

/* Nothing that is run from here on can have a capability; as an ordinary user only by `forbid_gains`. */
void drop_bounding_set(void);

void drop_capabilities(void);

/* No program gives rights any more that its caller has not. */
void forbid_gains(void);

/* filter.c */

/* A descriptor that holds the seccomp program as `bwrap --seccomp` reads it. */
int export_filter(void);

void load_filter(const struct options *options);

/* start.c: makes a sandbox and runs the command in it, under the eyes of two processes of ours. */
void start_sandbox(const struct options *options) __attribute__((noreturn));

/* namespaces.c */

/* For clone: what the first process of the sandbox gets of its own. */
unsigned long namespace_flags(const struct options *options);

/* In the first process: makes itself at home in its namespaces, where `uid` and `gid` are what it was outside. */
void enter_namespaces(const struct options *options, uid_t uid, gid_t gid);

/* mounts.c: puts what the steps say in the place of all that is mounted. */
void mount_steps(const struct options *options);

/* landlock.c */

/* A descriptor with the rules that the steps say. */
int make_rules(const struct options *options);

/* In the process that becomes the plugin. Returns an errno, or 0. */
int obey_rules(int rules);

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

#endif
