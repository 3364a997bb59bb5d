/* The smallest action: reads its job, says that it succeeded, and when it began and ended (CLOCK_MONOTONIC, ns).
   With an argument it is the smallest worker: answers job by job, and one that says "hold" only when it is cancelled. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int work(void) {
    static char line[64 << 10];
    while (fgets(line, sizeof line, stdin)) {
        const char *id = strstr(line, "\"jobId\":\"");
        if (!id) return 65;
        const char *type = strstr(line, "\"type\":\"cancel\"") ? "jobAbandonedResult"
            : strstr(line, "\"hold\"") ? "acknowledge" : "jobSuccessResult";
        printf("{\"protocol\":\"penstock/1\",\"type\":\"%s\",\"jobId\":\"%.36s\"}\n", type,
               id + strlen("\"jobId\":\""));
        fflush(stdout);
    }
    return 0;
}

int main(int count_of_arguments, char **arguments) {
    (void)arguments;
    if (count_of_arguments > 1) return work();
    long long began = now();
    static char job[64 << 10];
    size_t length = 0;
    ssize_t count;
    while ((count = read(STDIN_FILENO, job + length, sizeof job - 1 - length)) > 0) length += (size_t)count;
    const char *id = strstr(job, "\"jobId\":\"");
    if (!id) return 65;
    printf("{\"protocol\":\"penstock/1\",\"type\":\"jobSuccessResult\",\"jobId\":\"%.36s\",\"executionDetails\":"
           "{\"externalExecutionId\":\"%lld %lld\"}}\n", id + strlen("\"jobId\":\""), began, now());
    return 0;
}
