/*
 * penstock-sandbox: the launcher of one sandboxed action. One process image becomes the next: what bwrap cannot do for
 * itself is done here, then bwrap replaces this program under the same process id.
 *
 * bwrap must never run as the host's root: sysctl files, process limits and set-uid bits would be the host's own.
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
    "                        [--cgroup DIRECTORY]... [--keep FD [--report FD]] -- /path/to/bwrap ARGUMENT...\n"
    "       penstock-sandbox --supervise FD [--before COMMAND]... [--terminal | --login]\n"
    "                        [--second IN OUT ERR DIRECTORY] -- /path/to/plugin ARGUMENT...\n"
    "Drops to uid and gid, sets limits, closes every descriptor but 0, 1, 2 and FD, and runs bwrap with a seccomp\n"
    "filter (it adds `--seccomp N` itself). --report gives FD a second number, and 0, 1 and 2 the three numbers after\n"
    "it, which bwrap passes on.\n"
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

static struct options parse(char **argv) {
    struct options options = {0};
    char **argument = argv + 1;
    for (; *argument && strcmp(*argument, "--") != 0; argument += 2) {
        if (strcmp(*argument, "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        }
        if (strcmp(*argument, "--cgroup") == 0) {
            if (!argument[1] || options.cgroup_count == 2) fail(0, "--cgroup needs a folder, and comes twice at most");
            options.cgroups[options.cgroup_count++] = argument[1];
            continue;
        }
        struct number *number = number_named(&options, *argument);
        if (!number) fail(0, "unknown option '%s' (see --help)", *argument);
        *number = parse_number(*argument, argument[1]);
    }
    if (!*argument || !argument[1]) fail(0, "no program after -- (see --help)");
    options.command = argument + 1;
    if (options.command[0][0] != '/') fail(0, "'%s' is not an absolute path", options.command[0]);
    if (options.uid.given != options.gid.given) fail(0, "--uid and --gid go together");
    if (options.keep.given && (options.keep.value <= STDERR_FILENO || options.keep.value > INT_MAX))
        fail(0, "--keep %llu is not a descriptor above 2", options.keep.value);
    if (options.report.given && (!options.keep.given || options.report.value <= options.keep.value
                                 || options.report.value > INT_MAX))
        fail(0, "--report %llu is not a descriptor above that of --keep", options.report.value);
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

int main(int argc, char **argv) {
    if (argc < 2) {
        fputs(usage, stderr);
        return failure_code;
    }
    if (strcmp(argv[1], "--supervise") == 0) supervise(argv + 2);
    struct options options = parse(argv);
    join_cgroups(&options);
    drop_identity(&options);
    /* After the identity: changing it clears the parent-death signal. */
    follow_parent(&options);
    set_limits(&options);
    close_descriptors(&options);
    umask(022);

    char descriptor[16];
    snprintf(descriptor, sizeof descriptor, "%d", export_filter());
    execv(options.command[0], with_filter(options.command, descriptor));
    fail(errno, "cannot run %s", options.command[0]);
}
