#ifndef CSYSTEM_FILES_H
#define CSYSTEM_FILES_H

/// syncfs(2), which glibc declares for GNU sources only: -1 and errno on failure.
int csystem_syncfs(int descriptor);

/// renameat2(2): the name `to` must be free; with `exchanges` it must be taken, and what has it gets the name `from`, so
/// that at any moment something has each. -1 and errno on failure.
int csystem_rename(const char *from, const char *to, int exchanges);

#endif
