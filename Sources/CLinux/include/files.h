#ifndef CSYSTEM_FILES_H
#define CSYSTEM_FILES_H

#include <sys/types.h>

/// syncfs(2), which glibc declares for GNU sources only: -1 and errno on failure.
int csystem_syncfs(int descriptor);

/// sync_file_range(2): lets the disk begin with what was written, so that less is left for a later sync. Only a hint.
void csystem_begin_writing(int descriptor, off_t offset, off_t count);

/// renameat2(2): the name `to` must be free; with `exchanges` it must be taken, and what has it gets the name `from`, so
/// that at any moment something has each. -1 and errno on failure.
int csystem_rename(const char *from, const char *to, int exchanges);

/// memmem(3), which glibc declares for GNU sources only.
const void *csystem_find(const void *bytes, size_t count, const void *wanted, size_t wanted_count);

#endif
