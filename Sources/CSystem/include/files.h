#ifndef CSYSTEM_FILES_H
#define CSYSTEM_FILES_H

/// syncfs(2), which glibc declares for GNU sources only: -1 and errno on failure.
int csystem_syncfs(int descriptor);

#endif
