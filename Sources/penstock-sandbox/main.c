/*
 * penstock-sandbox: the launcher of one sandboxed action. Either it becomes bwrap, after what bwrap cannot do for
 * itself, or it makes the sandbox: by namespaces as bwrap does, or where there are none by Landlock.
 *
 * None of it is done as the host's root: sysctl files, process limits and set-uid bits would be the host's own.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: penstock-sandbox [--uid N --gid N] [--nproc N] [--fsize BYTES] [--nofile N] [--as BYTES] [--cpu SECONDS]\n"
    "                        [--cgroup DIR] [--keep FD [--report FD]] -- /path/to/bwrap ARGUMENT...\n"
    "       penstock-sandbox LIMITS... --namespaces | --landlock [--network] [--new-session] [--ro-bind FROM TO]...\n"
    "                        [--ro-bind-try FROM TO]... [--bind FROM TO]... [--symlink TEXT PATH]... [--dir PATH]...\n"
    "                        [--dev BYTES] [--chdir DIR] [--setenv NAME VALUE]... -- /path/to/plugin ARGUMENT...\n"
    "       penstock-sandbox --supervise FD [--before COMMAND]... [--terminal | --login]\n"
    "                        [--second IN OUT ERR DIRECTORY] -- /path/to/plugin ARGUMENT...\n"
    "Drops to uid and gid, sets limits, closes every descriptor but 0, 1, 2 and FD, and runs bwrap with a seccomp\n"
    "filter (it adds `--seccomp N` itself). --report gives FD a second number, and 0, 1 and 2 the three numbers after\n"
    "it, which bwrap passes on.\n"
    "--namespaces and --landlock do bwrap's work, with options and status lines (on FD) like bwrap's. Landlock shows\n"
    "what is bound where it is, and of the other options that say what is seen it takes none.\n"
    "Exits with 125 when one of these steps fails.\n"
    "--supervise runs inside of a sandbox: it starts a plugin that is judged, tells on FD how it ends, and stays.\n";

void fail(int error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("penstock-sandbox: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (error) fprintf(stderr, ": %s", strerror(error));
    fputc('\n', stderr);
    exit(failure_code);
}

static struct number *number_named(struct options *options, const char *name) {
    struct {
        const char *name;
        struct number *number;
    } all[] = {
        {"--uid", &options->uid},     {"--gid", &options->gid}, {"--nproc", &options->nproc},
        {"--fsize", &options->fsize}, {"--as", &options->as},   {"--nofile", &options->nofile},
        {"--cpu", &options->cpu},     {"--keep", &options->keep}, {"--report", &options->report},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(name, all[i].name) == 0) return all[i].number;
    return NULL;
}

static struct number parse_number(const char *name, const char *text) {
    char *end = NULL;
    errno = 0;
    struct number number = {.given = 1, .value = text ? strtoull(text, &end, 10) : 0};
    /* strtoull takes a sign and leading blanks: a first digit rules both out. */
    if (!text || *text < '0' || *text > '9' || *end || errno)
        fail(0, "%s needs a whole number, not '%s'", name, text ? text : "");
    return number;
}

static int parse_flag(struct options *options, const char *name) {
    if (strcmp(name, "--namespaces") == 0) options->profile = by_namespaces;
    else if (strcmp(name, "--landlock") == 0) options->profile = by_landlock;
    else if (strcmp(name, "--network") == 0) options->network = 1;
    else if (strcmp(name, "--new-session") == 0) options->new_session = 1;
    else return 0;
    return 1;
}

/* Returns how many arguments follow the name; -1 for a name that is none of these. */
static int parse_step(struct options *options, char **argument) {
    static const struct {
        const char *name;
        int kind, operands;
    } all[] = {
        {"--ro-bind", bind_to_read, 2}, {"--ro-bind-try", bind_to_read_if_there, 2}, {"--bind", bind_to_write, 2},
        {"--symlink", make_link, 2}, {"--dir", make_folder, 1}, {"--dev", make_devices, 1},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(*argument, all[i].name) != 0) continue;
        const char *first = argument[1], *second = first && all[i].operands == 2 ? argument[2] : first;
        if (!first || !second) fail(0, "%s needs %d arguments", *argument, all[i].operands);
        if (all[i].kind != make_devices && *second != '/') fail(0, "'%s' is not an absolute path", second);
        options->steps[options->step_count].kind = all[i].kind;
        options->steps[options->step_count].source = first;
        options->steps[options->step_count++].target = second;
        return all[i].operands;
    }
    return -1;
}

static int parse_surroundings(struct options *options, char **argument) {
    if (strcmp(*argument, "--cgroup") == 0 && argument[1]) {
        options->cgroup = argument[1];
        return 1;
    }
    if (strcmp(*argument, "--chdir") == 0 && argument[1]) {
        options->directory = argument[1];
        return 1;
    }
    if (strcmp(*argument, "--setenv") == 0 && argument[1] && argument[2]) {
        if (setenv(argument[1], argument[2], 1) != 0) fail(errno, "cannot set %s", argument[1]);
        return 2;
    }
    return parse_step(options, argument);
}

static void check(const struct options *options) {
    if (options->profile == by_bubblewrap
        && (options->step_count || options->directory || options->network || options->new_session))
        fail(0, "what is seen inside is said to bwrap, after --, or goes with --namespaces or --landlock");
    if (options->command[0][0] != '/') fail(0, "'%s' is not an absolute path", options->command[0]);
    if (options->uid.given != options->gid.given) fail(0, "--uid and --gid go together");
    if (options->keep.given && (options->keep.value <= STDERR_FILENO || options->keep.value > INT_MAX))
        fail(0, "--keep %llu is not a descriptor above 2", options->keep.value);
    if (options->report.given && (!options->keep.given || options->report.value <= options->keep.value
                                  || options->report.value > INT_MAX))
        fail(0, "--report %llu is not a descriptor above that of --keep", options->report.value);
}

static struct options parse(int argc, char **argv) {
    struct options options = {.steps = calloc((size_t)argc, sizeof *options.steps)};
    if (!options.steps) fail(errno, "no memory for %d arguments", argc);
    char **argument = argv + 1;
    for (; *argument && strcmp(*argument, "--") != 0; argument++) {
        if (strcmp(*argument, "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        }
        struct number *number = number_named(&options, *argument);
        if (number) {
            *number = parse_number(*argument, argument[1]);
            argument++;
        } else if (!parse_flag(&options, *argument)) {
            int operands = parse_surroundings(&options, argument);
            if (operands < 0) fail(0, "unknown option '%s' (see --help)", *argument);
            argument += operands;
        }
    }
    if (!*argument || !argument[1]) fail(0, "no program after -- (see --help)");
    options.command = argument + 1;
    check(&options);
    return options;
}

/* bwrap FIRST… becomes bwrap --seccomp FD FIRST… */
static char **with_filter(char **command, const char *descriptor) {
    size_t count = 0;
    while (command[count]) count++;
    char **result = calloc(count + 3, sizeof *result);
    if (!result) fail(errno, "no memory for %zu arguments", count);
    result[0] = command[0];
    result[1] = "--seccomp";
    result[2] = (char *)descriptor;
    memcpy(result + 3, command + 1, (count - 1) * sizeof *result);
    return result;
}

static void become_bubblewrap(const struct options *options) {
    set_limits(options);
    char descriptor[16];
    snprintf(descriptor, sizeof descriptor, "%d", export_filter());
    execv(options->command[0], with_filter(options->command, descriptor));
    fail(errno, "cannot run %s", options->command[0]);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fputs(usage, stderr);
        return failure_code;
    }
    if (strcmp(argv[1], "--supervise") == 0) supervise(argv + 2);
    struct options options = parse(argc, argv);
    if (options.profile == by_landlock && geteuid() == 0) drop_bounding_set();
    join_cgroup(&options);
    drop_identity(&options);
    /* After the identity: changing it clears the parent-death signal. */
    follow_parent(&options);
    close_descriptors(&options);
    umask(022);
    if (options.profile == by_bubblewrap) become_bubblewrap(&options);
    start_sandbox(&options);
}
