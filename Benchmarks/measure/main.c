/*
 * Starts a program again and again, as bare as it goes, and prints what that took: the floor under everything that runs
 * plugins, and the stopwatch for programs as a whole. It is small because a child's peak memory counts from its
 * parent's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const char usage[] =
    "usage: penstock-measure [-n COUNT] [-w WIDTH] [-i INPUT] [-o OUTPUT] [-d DATABASE] [-u USER] -- PROGRAM ARGUMENT...\n"
    "Prints: start (CLOCK_MONOTONIC, ns), elapsed (ns), processor time (us), peak memory of one process (KiB).\n"
    "With a user, a number, that is who runs it. With a database each run has two durable commits, one before and one after. Descriptor 3 is /dev/null.\n";

static void fail(const char *what, const char *why) {
    fprintf(stderr, "penstock-measure: %s: %s\n", what, why);
    exit(1);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static sqlite3 *database;
static sqlite3_stmt *statements[4];

static void open_database(const char *path) {
    static const char schema[] =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE IF NOT EXISTS fact (ordinal INTEGER PRIMARY KEY, body TEXT NOT NULL);"
        "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, body TEXT NOT NULL);";
    static const char *const texts[] = {
        "BEGIN IMMEDIATE", "INSERT INTO fact (body) VALUES (hex(randomblob(200)))",
        "INSERT OR REPLACE INTO state VALUES (1, hex(randomblob(200)))", "COMMIT",
    };
    if (sqlite3_open(path, &database) || sqlite3_exec(database, schema, NULL, NULL, NULL))
        fail(path, sqlite3_errmsg(database));
    for (int i = 0; i < 4; i++)
        if (sqlite3_prepare_v2(database, texts[i], -1, &statements[i], NULL)) fail(path, sqlite3_errmsg(database));
}

static void commit(void) {
    if (!database) return;
    for (int i = 0; i < 4; i++) {
        if (sqlite3_step(statements[i]) != SQLITE_DONE) fail("commit", sqlite3_errmsg(database));
        sqlite3_reset(statements[i]);
    }
}

static void start(const char *input, const char *output, char **command) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_addopen(&actions, 3, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    int error = posix_spawn(&pid, command[0], &actions, NULL, command, environ);
    if (error) fail(command[0], strerror(error));
    posix_spawn_file_actions_destroy(&actions);
}

int main(int argc, char **argv) {
    int count = 1, width = 1, option;
    const char *input = "/dev/null", *output = "/dev/null";
    uid_t user = geteuid();
    while ((option = getopt(argc, argv, "+n:w:i:o:d:u:")) != -1) switch (option) {
            case 'n': count = atoi(optarg); break;
            case 'w': width = atoi(optarg); break;
            case 'i': input = optarg; break;
            case 'o': output = optarg; break;
            case 'd': open_database(optarg); break;
            case 'u': user = (uid_t)atoi(optarg); break;
            default: fputs(usage, stderr); return 2;
        }
    if (optind == argc || count < 1 || width < 1) {
        fputs(usage, stderr);
        return 2;
    }
    if (user != geteuid() && (setgroups(0, NULL) || setgid(user) || setuid(user))) fail(argv[optind], strerror(errno));
    long long began = now(), cpu = 0, memory = 0;
    for (int started = 0, running = 0; started < count || running > 0; running--) {
        for (; running < width && started < count; running++, started++) {
            commit();
            start(input, output, argv + optind);
        }
        int status;
        struct rusage use;
        if (wait4(-1, &status, 0, &use) < 0) fail("wait", strerror(errno));
        if (status != 0) fail(argv[optind], "did not end with code 0");
        commit();
        cpu += (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000LL + use.ru_utime.tv_usec + use.ru_stime.tv_usec;
        if (use.ru_maxrss > memory) memory = use.ru_maxrss;
    }
    printf("%lld %lld %lld %lld\n", began, now() - began, cpu, memory);
    return 0;
}
