#ifndef CSYSTEM_PROCESS_H
#define CSYSTEM_PROCESS_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/// Starts a program in a session of its own with default signals. Descriptors 0, 1 and 2 of the child are `input`,
/// `output` and `error`; 3 is `status` unless that is -1; every other one is closed. Returns 0 or an errno.
int csystem_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                  int input, int output, int error, int status, pid_t *pid);

/// Starts a program in our session and process group with default signals. It has our descriptors 0, 1 and 2, and no
/// other. Returns 0 or an errno.
int csystem_spawn_here(const char *path, char *const arguments[], char *const environment[], const char *directory,
                       pid_t *pid);

/// A pipe, read end first, that no other child inherits. Returns 0, or -1 and errno.
int csystem_pipe(int ends[2]);

/// A descriptor that becomes readable when the process ends; -1 and errno on failure.
int csystem_pidfd_open(pid_t pid);

/// Sends a signal to the process that the descriptor means, never to a later one with its pid. Returns 0, or -1 and
/// errno.
int csystem_pidfd_signal(int descriptor, int signal);

/// 1 when rights on the file are given by an access list beside its mode, else 0.
int csystem_has_access_list(const char *path);

/// Gives the owner all rights on a directory; a link or anything else of that name is left alone.
void csystem_unlock_directory(int parent, const char *name);

/// How an ended child ended, without reaping it: its pid stays taken. `code` is the exit code, or the negated signal.
/// Returns 1 when it has ended, 0 when it runs, -1 on error.
int csystem_peek_exit(pid_t pid, int *code);

/// What `wake` is counted up by when a child ends; whatever else wakes it adds less than that.
#define CSYSTEM_CHILD_ENDED 0x100000000

/// Becomes the parent of orphaned descendants, and tells `wake` from then on when any child ends.
int csystem_adopt_orphans(int wake);

typedef struct {
    uint32_t events;
    uint64_t token;
} csystem_event;

enum { CSYSTEM_READABLE = 1, CSYSTEM_WRITABLE = 2, CSYSTEM_HANGUP = 4 };

FILE *csystem_standard_output(void);
FILE *csystem_standard_error(void);

/// The size of the terminal, 0 where it does not tell; -1 when `descriptor` is none.
int csystem_terminal_size(int descriptor, int *rows, int *columns);

int csystem_poll_create(void);
/// Watches `descriptor` for `events` (CSYSTEM_…); `events` 0 stops watching.
int csystem_poll_set(int poll, int descriptor, uint32_t events, uint64_t token, int isNew);
int csystem_poll_wait(int poll, csystem_event *events, int capacity);
int csystem_wake_create(void);

#endif
