// A Penstock plugin: it reads one job from standard input, and writes messages to standard output.
// Your work goes into work. What follows run is the protocol, and can stay as it is.
// A process does one job and ends, so nothing is freed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *setting(json_t *configuration, const char *name, const char *otherwise);
static int prefix(const char *text, int characters);
static char *path(json_t *artifact);
static void progress(json_t *summary, int percent);
static _Noreturn void fail(const char *type, json_t *message);
static void run(int seconds, const char *const arguments[]);

static volatile sig_atomic_t cancelled; // if set, return soon, and leave nothing running

// Returns the members of the job's success. What goes wrong ends in fail.
static json_t *work(json_t *configuration, json_t *inputs, json_t *outputs) {
    const char *name = setting(configuration, "Name", ""), *seconds = setting(configuration, "Seconds", "0");
    if (!*name || name[prefix(name, 1000)])
        fail("ConfigurationError", json_sprintf("Name is “%.*s”: not 1 to 1000 characters", prefix(name, 100), name));
    if (!*seconds || seconds[strspn(seconds, "0123456789")] || strtoul(seconds, NULL, 10) > 3600)
        fail("ConfigurationError", json_sprintf("Seconds is “%.*s”: no whole number from 0 to 3600",
            prefix(seconds, 100), seconds));
    progress(json_sprintf("Greeting %.*s", prefix(name, 100), name), 0);

    size_t i, files = 0;
    json_t *artifact, *greeting = json_sprintf("Hello, %s!", name);
    json_array_foreach(inputs, i, artifact) {
        FTS *tree = fts_open((char *[]){path(artifact), NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
        for (FTSENT *entry; (entry = fts_read(tree)); files += entry->fts_info == FTS_F)
            if (entry->fts_errno && entry->fts_info != FTS_DP)
                fail("JobFailed", json_sprintf("%s cannot be read: %s", path(artifact), strerror(entry->fts_errno)));
        fts_close(tree);
    }
    run(atoi(seconds), (const char *[]){"sleep", seconds, NULL});
    json_array_foreach(outputs, i, artifact) {
        json_t *file = json_sprintf("%s/greeting.txt", path(artifact));
        FILE *output = fopen(json_string_value(file), "w");
        if (!output || fprintf(output, "%s\n", json_string_value(greeting)) < 0 || fclose(output))
            fail("JobFailed", json_sprintf("%s cannot be written: %s", json_string_value(file), strerror(errno)));
    }
    json_t *count = json_sprintf("%zu", files);
    json_t *success = json_pack("{s:{s:O, s:o}}", "outputVariables", "Greeting", greeting, "Files", count);
    json_object_set_new(success, "currentRevision", json_pack("{s:O}", "revision", greeting)); // only: Source
    return success;
}

// Runs a program, and tells once a second how far it is. What the program prints goes to the log.
static void run(int seconds, const char *const arguments[]) {
    pid_t child;
    int status, error = posix_spawnp(&child, arguments[0], NULL, NULL, (char *const *)arguments, environ);
    if (error)
        fail("JobFailed", json_sprintf("%s cannot be started: %s", arguments[0], strerror(error)));
    struct pollfd end = {.fd = pidfd_open(child, 0), .events = POLLIN};
    for (int second = 1; !cancelled && poll(&end, 1, 1000) != 1; second++)
        if (second < seconds)
            progress(json_sprintf("Second %d of %d", second, seconds), 100 * second / seconds);
    if (cancelled)
        kill(child, SIGTERM);
    waitpid(child, &status, 0);
    close(end.fd);
    if (status)
        fail("JobFailed", json_sprintf("%s failed with %s %d", arguments[0], WIFEXITED(status) ? "status" : "signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
}

static FILE *wire; // for messages
static const char *id;
static int exit_status;
static void cancel(int signal) {
    cancelled = signal;
}

static void send_message(const char *type, json_t *message) {
    json_object_update_new(message, json_pack("{s:s, s:s, s:s}", "protocol", "penstock/1", "type", type, "jobId", id));
    if (json_dumpf(message, wire, JSON_COMPACT) || fputc('\n', wire) == EOF || fflush(wire)) {
        perror("A message could not be sent");
        exit_status = 74;
    }
    json_decref(message);
}

static void progress(json_t *summary, int percent) {
    json_t *details = json_pack("{s:o, s:i}", "summary", summary, "percentComplete", percent);
    send_message("progress", json_pack("{s:o}", "executionDetails", details));
}

static void fail(const char *type, json_t *message) {
    json_t *details = json_pack("{s:s, s:o}", "type", type, "message", message);
    if (cancelled)
        send_message("jobAbandonedResult", json_object());
    else
        send_message("jobFailureResult", json_pack("{s:o}", "failureDetails", details));
    exit(exit_status);
}

static const char *setting(json_t *configuration, const char *name, const char *otherwise) {
    json_t *value = json_object_get(configuration, name);
    if (value && (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value)))
        fail("ConfigurationError", json_sprintf("%s is no text, or holds the character U+0000", name));
    return value ? json_string_value(value) : otherwise;
}

static int prefix(const char *text, int characters) { // how many bytes the first characters have
    int bytes = 0;
    while (text[bytes] && ((text[bytes] & 0xC0) == 0x80 || characters-- > 0))
        bytes++;
    return bytes;
}

static char *path(json_t *artifact) { // relative to the working directory
    json_t *place = json_object_get(json_object_get(artifact, "location"), "pathLocation");
    return (char *)json_string_value(json_object_get(place, "path"));
}

int main(void) {
    if (isatty(0) && !getenv("PENSTOCK_PROTOCOL"))
        return fputs("A pipeline host starts this plugin. To try it: penstock conformance run FOLDER\n", stderr), 64;
    wire = fdopen(fcntl(1, F_DUPFD_CLOEXEC, 3), "w");
    dup2(2, 1); // so that whatever prints, prints into the log
    if (scanf(" ") == EOF || feof(stdin)) // no job comes
        return 0;
    json_error_t error;
    json_t *job = json_loadf(stdin, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);
    json_t *action = NULL, *inputs = NULL, *outputs = NULL;
    const char *protocol, *type;
    if (!job || json_unpack_ex(job, &error, 0, "{s:s, s:s, s:s, s:{s?o, s?o, s?o}}",
            "protocol", &protocol, "type", &type, "jobId", &id,
            "data", "actionConfiguration", &action, "inputArtifacts", &inputs, "outputArtifacts", &outputs)
            || strcmp(protocol, "penstock/1") || strcmp(type, "job"))
        return fprintf(stderr, "Standard input holds something else than a job. %s\n", error.text), 65;
    close(0);
    open("/dev/null", O_RDONLY); // for children
    signal(SIGTERM, cancel);
    signal(SIGPIPE, cancel); // nobody reads the messages
    send_message("jobSuccessResult", work(json_object_get(action, "configuration"), inputs, outputs));
    return exit_status;
}
