/*
 * Hostile acts, one at a time: `acts NAME...` tries each in a process of its own and prints one line of JSON for it,
 * `{"act":"mount","result":"refused EPERM"}`. `acts` alone lists the names.
 *
 * "done" means that the act worked, or that the kernel got past the question whether it may: what would do harm is
 * asked for with arguments that it must refuse later, or sets what is set already. Everything else is "refused ERRNO"
 * or "killed SIGNAL". What an act is aimed at comes from the environment: see TARGETS in marks.py.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/vm_sockets.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif
enum { nr_fchmodat2 = 452 };

/* Ends the act with the reason why a call failed. */
#define TRY(call) \
    do { \
        if ((call) < 0) return errno; \
    } while (0)
#define ACT(name) \
    static int name(void); \
    __attribute__((constructor)) static void list_##name(void) { list(#name, name); } \
    static int name(void)
/* An act that is a single call. */
#define CALL(name, call) \
    ACT(name) { \
        TRY(call); \
        return 0; \
    }

static struct {
    const char *name;
    int (*act)(void);
} acts[512];
static int count;

static void list(const char *name, int (*act)(void)) {
    acts[count].name = name;
    acts[count++].act = act;
}

static const char *target(const char *name) {
    const char *value = getenv(name);
    if (value) return value;
    fprintf(stderr, "acts: %s is not set\n", name);
    exit(2);
}

static pid_t host(void) { return atoi(target("HOST_PID")); }

/* A path below one of the targets; four of them at a time. */
static const char *below(const char *folder, const char *name) {
    static char paths[4][4096];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", target(folder), name);
    return path;
}

static const char *own(const char *name) { return below("OUT", name); }

static int made(const char *path) { return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644); }

/* 0 when a call that may not be made at all failed for its senseless arguments only. */
static int past(long result, int senseless) {
    if (result >= 0 || errno == senseless) return 0;
    return errno;
}

static int readable(const char *path) {
    char byte;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    TRY(file);
    TRY(read(file, &byte, 1));
    return 0;
}

static int writable(const char *path) {
    TRY(open(path, O_WRONLY | O_CLOEXEC));
    return 0;
}

static int listable(const char *path) {
    DIR *folder = opendir(path);
    if (!folder) return errno;
    return readdir(folder) ? 0 : ENOENT;
}

static const char *host_proc(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "/proc/%d/%s", host(), name);
    return path;
}

/* ---- inputs ---- */

static const char *input(void) { return below("IN", "input.txt"); }

ACT(input_write) { return writable(input()); }
CALL(input_append, open(input(), O_WRONLY | O_APPEND))
CALL(input_truncate, truncate(input(), 1))
CALL(input_chmod, chmod(input(), 0666))
ACT(input_chmod_write) {
    chmod(target("IN"), 0777);
    chmod(input(), 0666);
    return writable(input());
}
ACT(input_replace) {
    TRY(made(own("other")));
    TRY(rename(own("other"), input()));
    return 0;
}
CALL(input_unlink, unlink(below("IN", "victim.txt")))
CALL(input_create, made(below("IN", "new")))
CALL(input_touch, utimensat(AT_FDCWD, input(), NULL, 0))
CALL(input_xattr, setxattr(input(), "user.x", "x", 1, 0))
ACT(input_move) {
    TRY(rename(target("IN"), below("ROOT", "moved")));
    rename(below("ROOT", "moved"), target("IN"));
    return 0;
}
ACT(input_exchange) {
    TRY(made(own("other")));
    TRY(renameat2(AT_FDCWD, own("other"), AT_FDCWD, input(), RENAME_EXCHANGE));
    renameat2(AT_FDCWD, own("other"), AT_FDCWD, input(), RENAME_EXCHANGE);
    return 0;
}
ACT(input_link_write) {
    TRY(link(input(), own("second")));
    return writable(own("second"));
}
ACT(input_symlink_write) {
    TRY(symlink(input(), own("way")));
    int r = writable(own("way"));
    unlink(own("way"));
    return r;
}
CALL(workspace_create, made(below("ROOT", "new")))
ACT(workspace_swap) {
    TRY(rename(below("ROOT", "out"), below("ROOT", "out.old")));
    rename(below("ROOT", "out.old"), below("ROOT", "out"));
    return 0;
}
CALL(plugin_write, made(below("PLUGIN", "new")))
ACT(plugin_change) { return writable(below("PLUGIN", "plugin.json")); }
CALL(plugin_chmod, chmod(below("PLUGIN", "plugin.json"), 0666))

/* ---- the host's files ---- */

ACT(host_read) { return readable(target("HOST_FILE")); }
ACT(host_write) { return writable(target("HOST_FILE")); }
CALL(host_truncate, truncate(target("HOST_FILE"), 1))
CALL(host_create, made(below("HOST_DIR", "created")))
CALL(host_mkdir, mkdir(below("HOST_DIR", "made"), 0755))
CALL(host_symlink, symlink("x", below("HOST_DIR", "linked")))
CALL(host_unlink, unlink(below("HOST_DIR", "victim")))
ACT(host_rename) {
    TRY(rename(below("HOST_DIR", "movable"), below("HOST_DIR", "moved")));
    rename(below("HOST_DIR", "moved"), below("HOST_DIR", "movable"));
    return 0;
}
ACT(host_list) { return listable(target("HOST_DIR")); }
CALL(host_chmod, chmod(target("HOST_FILE"), 0777))
CALL(host_chown, chown(target("HOST_FILE"), geteuid(), getegid()))
ACT(host_touch) {
    struct timespec at[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    TRY(utimensat(AT_FDCWD, target("HOST_FILE"), at, 0));
    return 0;
}
CALL(host_xattr, setxattr(target("HOST_FILE"), "user.x", "x", 1, 0))
ACT(host_link) {
    TRY(link(target("HOST_FILE"), own("host")));
    unlink(own("host"));
    return 0;
}
ACT(host_stat) {
    struct stat status;
    TRY(stat(target("HOST_FILE"), &status));
    return 0;
}
ACT(host_readlink) {
    char text[64];
    TRY(readlink(below("HOST_DIR", "link"), text, sizeof text));
    return 0;
}
CALL(host_chdir, chdir(target("HOST_DIR")))
ACT(host_exec) {
    if (fork() == 0) {
        execl(below("HOST_DIR", "program"), "program", (char *)NULL);
        _exit(errno);
    }
    int s;
    wait(&s);
    return WEXITSTATUS(s);
}
ACT(host_inotify) {
    int watch = inotify_init1(0);
    TRY(watch);
    TRY(inotify_add_watch(watch, target("HOST_DIR"), IN_CREATE));
    return 0;
}
ACT(host_fanotify) {
    int watch = (int)syscall(SYS_fanotify_init, FAN_REPORT_FID, O_RDONLY);
    TRY(watch);
    TRY(syscall(SYS_fanotify_mark, watch, FAN_MARK_ADD, FAN_CREATE | FAN_ONDIR, AT_FDCWD, target("HOST_DIR")));
    return 0;
}
ACT(host_symlink_read) {
    TRY(symlink(target("HOST_FILE"), own("way")));
    int r = readable(own("way"));
    unlink(own("way"));
    return r;
}
ACT(host_reopen) {
    char path[64];
    int file = open(target("HOST_FILE"), O_PATH);
    TRY(file);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return readable(path);
}
ACT(host_link_descriptor) {
    int file = open(target("HOST_FILE"), O_PATH);
    TRY(file);
    TRY(linkat(file, "", AT_FDCWD, own("host"), AT_EMPTY_PATH));
    unlink(own("host"));
    return 0;
}
ACT(host_rename_out) {
    TRY(rename(below("HOST_DIR", "movable"), own("taken")));
    rename(own("taken"), below("HOST_DIR", "movable"));
    return 0;
}
ACT(host_by_dots) {
    char path[4096] = "";
    for (int i = 0; i < 40; i++) strcat(path, "../");
    strcat(path, target("HOST_FILE") + 1);
    return readable(path);
}
ACT(host_by_plugin) {
    char path[4096];
    snprintf(path, sizeof path, "%s/../../../../../../../../../../../..%s", target("PLUGIN"), target("HOST_FILE"));
    return readable(path);
}
ACT(host_by_handle) {
    struct {
        struct file_handle head;
        char data[128];
    } handle = {.head.handle_bytes = 128};
    int mount_id, place = open(target("OUT"), O_RDONLY | O_DIRECTORY);
    TRY(name_to_handle_at(AT_FDCWD, target("OUT"), &handle.head, &mount_id, 0));
    TRY(open_by_handle_at(place, &handle.head, O_RDONLY));
    return 0;
}
ACT(host_etc) {
    const char *names[] = {"shadow", "machine-id", "fstab", "hostname", "ssh/sshd_config", "gshadow", "sudoers"};
    int reason = ENOENT;
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/etc/%s", names[i]);
        if ((reason = readable(path)) == 0) return 0;
    }
    return reason;
}
ACT(host_root_home) {
    return listable("/root") == 0 || listable("/home") == 0 || listable("/var/log") == 0 ? 0 : errno;
}
ACT(host_sys) { return readable("/sys/kernel/uevent_seqnum"); }
ACT(host_devices) {
    const char *names[] = {"mem",       "port",     "kmsg",    "fuse",          "kvm",          "vda",
                           "sda",       "nvme0n1",  "net/tun", "vsock",         "loop-control", "loop0",
                           "dri/card0", "snapshot", "uinput",  "btrfs-control", "userfaultfd",  "vhost-net"};
    char path[64];
    int reason = ENOENT;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/dev/%s", names[i]);
        int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (file >= 0) return 0;
        if (errno != ENOENT) reason = errno;
    }
    return reason;
}
ACT(state_list) { return listable(target("STATE")); }
ACT(state_database) { return readable(target("DATABASE")); }
ACT(state_database_write) { return writable(target("DATABASE")); }
CALL(state_create, made(below("STATE", "planted")))
ACT(state_workspaces) { return listable(below("STATE", "workspaces")); }
ACT(state_logs) { return listable(below("STATE", "logs")); }
ACT(state_artifacts) { return listable(below("STATE", "artifacts")); }
CALL(state_artifacts_write, made(below("STATE", "artifacts/planted")))
ACT(secret_read) { return readable(target("SECRET")); }
ACT(granted_write) { return writable(below("GRANTED", "file")); }
CALL(granted_create, made(below("GRANTED", "new")))
CALL(granted_chmod, chmod(below("GRANTED", "file"), 0777))
ACT(granted_leave) { return readable(below("GRANTED", "../file")); }
ACT(granted_link) { return readable(below("GRANTED", "out")); }
ACT(granted_read) { return readable(below("GRANTED", "file")); }

/* ---- rights ---- */

static int privileged(const char *path) {
    struct stat status;
    TRY(stat(path, &status));
    unlink(path);
    rmdir(path);
    return status.st_mode & (S_ISUID | S_ISGID) ? 0 : EPERM;
}

ACT(suid_chmod) {
    TRY(made(own("s")));
    TRY(chmod(own("s"), 04755));
    return privileged(own("s"));
}
ACT(sgid_chmod) {
    TRY(made(own("s")));
    TRY(chmod(own("s"), 02755));
    return privileged(own("s"));
}
ACT(suid_fchmod) {
    int f = made(own("s"));
    TRY(f);
    TRY(fchmod(f, 04755));
    return privileged(own("s"));
}
ACT(suid_fchmodat) {
    TRY(made(own("s")));
    TRY(fchmodat(AT_FDCWD, own("s"), 04755, 0));
    return privileged(own("s"));
}
ACT(suid_fchmodat2) {
    TRY(made(own("s")));
    TRY(syscall(nr_fchmodat2, AT_FDCWD, own("s"), 04755, 0));
    return privileged(own("s"));
}
ACT(suid_wide_chmod) {
    TRY(made(own("s")));
    TRY(syscall(SYS_chmod, own("s"), 0x7fff00000000l | 04755));
    return privileged(own("s"));
}
ACT(suid_open) {
    TRY(syscall(SYS_open, own("s"), O_CREAT | O_WRONLY, 04755));
    return privileged(own("s"));
}
ACT(suid_openat) {
    TRY(syscall(SYS_openat, AT_FDCWD, own("s"), O_CREAT | O_WRONLY, 04755));
    return privileged(own("s"));
}
ACT(suid_openat2) {
    struct open_how how = {.flags = O_CREAT | O_WRONLY, .mode = 04755};
    TRY(syscall(SYS_openat2, AT_FDCWD, own("s"), &how, sizeof how));
    return privileged(own("s"));
}
ACT(suid_tmpfile) {
    char path[64];
    int file = syscall(SYS_openat, AT_FDCWD, target("OUT"), O_TMPFILE | O_WRONLY, 04755);
    TRY(file);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    TRY(linkat(AT_FDCWD, path, AT_FDCWD, own("s"), AT_SYMLINK_FOLLOW));
    return privileged(own("s"));
}
ACT(suid_creat) {
    TRY(syscall(SYS_creat, own("s"), 04755));
    return privileged(own("s"));
}
ACT(sgid_mkdir) {
    TRY(mkdir(own("s"), 02755));
    chmod(own("s"), 02755);
    return privileged(own("s"));
}
ACT(sgid_mkdirat) {
    TRY(mkdirat(AT_FDCWD, own("s"), 02755));
    chmod(own("s"), 02755);
    return privileged(own("s"));
}
ACT(suid_mknod) {
    TRY(syscall(SYS_mknod, own("s"), S_IFREG | 04755, 0));
    return privileged(own("s"));
}
ACT(suid_mknod_untyped) {
    TRY(syscall(SYS_mknod, own("s"), 04755, 0));
    return privileged(own("s"));
}
ACT(suid_mknodat) {
    TRY(syscall(SYS_mknodat, AT_FDCWD, own("s"), S_IFREG | 04755, 0));
    return privileged(own("s"));
}
ACT(suid_umask_mkfifo) {
    TRY(syscall(SYS_mknod, own("s"), S_IFIFO | 04755, 0));
    return privileged(own("s"));
}
#ifdef __x86_64__
ACT(suid_int80) {
    TRY(made("s"));
    /* chmod of i386 takes its path from 32 bits of address: the stack is out of reach, a low mapping is not. */
    char *path = mmap((void *)0x10000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (path == MAP_FAILED) return errno;
    strcpy(path, "s");
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(15), "b"(path), "c"(04755) : "memory", "r8", "r9", "r10", "r11");
    if (result < 0) return (int)-result;
    return privileged("s");
}
ACT(suid_x32) {
    TRY(made(own("s")));
    TRY(syscall(0x40000000 | SYS_chmod, own("s"), 04755));
    return privileged(own("s"));
}
#endif
ACT(suid_link) {
    TRY(link("/usr/bin/su", own("su")));
    unlink(own("su"));
    return 0;
}
ACT(file_capabilities) {
    struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                .data[0].permitted = 1u << CAP_SYS_ADMIN};
    TRY(made(own("c")));
    int result = setxattr(own("c"), "security.capability", &data, sizeof data, 0) < 0 ? errno : 0;
    unlink(own("c"));
    return result;
}
ACT(trusted_xattr) {
    TRY(made(own("c")));
    int r = setxattr(own("c"), "trusted.x", "x", 1, 0) < 0 ? errno : 0;
    unlink(own("c"));
    return r;
}
ACT(chown_root) {
    TRY(made(own("c")));
    int r = chown(own("c"), 0, 0) < 0 ? errno : 0;
    unlink(own("c"));
    return r;
}
ACT(chown_other) {
    TRY(made(own("c")));
    int r = chown(own("c"), 12345, 12345) < 0 ? errno : 0;
    unlink(own("c"));
    return r;
}
static int unchangeable(unsigned long request, const void *value, const void *before) {
    int file = made(own("c"));
    TRY(file);
    int result = ioctl(file, request, value) < 0 ? errno : 0;
    if (result == 0) ioctl(file, request, before);
    unlink(own("c"));
    return result;
}
ACT(immutable) {
    long flags = FS_IMMUTABLE_FL, none = 0;
    return unchangeable(FS_IOC_SETFLAGS, &flags, &none);
}
ACT(project_quota) {
    struct fsxattr to = {.fsx_projid = 7}, none = {0};
    return unchangeable(FS_IOC_FSSETXATTR, &to, &none);
}
ACT(char_device) {
    TRY(mknod(own("d"), S_IFCHR | 0666, 0x103));
    unlink(own("d"));
    return 0;
}
#ifdef SYS_mknod
ACT(char_device_by_name) {
    TRY(syscall(SYS_mknod, own("d"), S_IFCHR | 0666, 0x103));
    unlink(own("d"));
    return 0;
}
#endif
ACT(block_device) {
    TRY(mknod(own("d"), S_IFBLK | 0666, 0x700));
    unlink(own("d"));
    return 0;
}
ACT(new_privileges) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EPERM : 0; }
CALL(become_root, setuid(0))
ACT(set_groups) {
    gid_t group = 0;
    TRY(setgroups(1, &group));
    return 0;
}
ACT(capabilities) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    TRY(syscall(SYS_capget, &header, data));
    unsigned any = 0;
    for (int i = 0; i < 2; i++) any |= data[i].effective | data[i].permitted | data[i].inheritable;
    return any ? 0 : EPERM;
}
CALL(set_capability, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0))
ACT(core_dump) {
    struct rlimit l;
    getrlimit(RLIMIT_CORE, &l);
    return l.rlim_max ? 0 : EPERM;
}
static int raise_limit(int resource) {
    struct rlimit limit;
    TRY(getrlimit(resource, &limit));
    if (limit.rlim_max == RLIM_INFINITY) return 0;
    limit.rlim_max++;
    TRY(setrlimit(resource, &limit));
    return 0;
}
ACT(raise_files) { return raise_limit(RLIMIT_NOFILE); }
ACT(raise_processes) { return raise_limit(RLIMIT_NPROC); }
ACT(raise_file_size) { return raise_limit(RLIMIT_FSIZE); }

/* ---- the kernel ---- */

ACT(mount_tmpfs) {
    mkdir(own("m"), 0755);
    TRY(mount("none", own("m"), "tmpfs", 0, NULL));
    umount2(own("m"), MNT_DETACH);
    return 0;
}
ACT(mount_bind) {
    mkdir(own("m"), 0755);
    TRY(mount(own("m"), own("m"), NULL, MS_BIND, NULL));
    umount2(own("m"), MNT_DETACH);
    return 0;
}
ACT(mount_proc) {
    mkdir(own("m"), 0755);
    TRY(mount("proc", own("m"), "proc", 0, NULL));
    umount2(own("m"), MNT_DETACH);
    return 0;
}
ACT(remount_input) { return past(mount(NULL, target("IN"), NULL, MS_REMOUNT | MS_BIND, NULL), EINVAL); }
ACT(unmount) { return past(umount2(target("IN"), 0), EINVAL); }
CALL(fsopen_tmpfs, syscall(SYS_fsopen, "tmpfs", 0))
CALL(fspick_root, syscall(SYS_fspick, AT_FDCWD, "/", 0))
ACT(fsmount_none) { return past(syscall(SYS_fsmount, -1, 0, 0), EBADF); }
CALL(open_tree_clone, syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */))
ACT(mount_attributes) {
    struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};
    return past(syscall(SYS_mount_setattr, AT_FDCWD, target("IN"), 0, &attr, sizeof attr), EINVAL);
}
CALL(change_root, chroot(target("OUT")))
ACT(pivot) {
    long result = syscall(SYS_pivot_root, "/", "/");
    return result < 0 && errno != EBUSY && errno != EINVAL ? errno : 0;
}
static int unshared(int flag) {
    TRY(unshare(flag));
    return 0;
}
ACT(unshare_user) { return unshared(CLONE_NEWUSER); }
ACT(unshare_mount) { return unshared(CLONE_NEWNS); }
ACT(unshare_pid) { return unshared(CLONE_NEWPID); }
ACT(unshare_net) { return unshared(CLONE_NEWNET); }
ACT(unshare_ipc) { return unshared(CLONE_NEWIPC); }
ACT(unshare_uts) { return unshared(CLONE_NEWUTS); }
ACT(unshare_cgroup) { return unshared(CLONE_NEWCGROUP); }
ACT(unshare_time) { return unshared(CLONE_NEWTIME); }
static int cloned(unsigned long flag) {
    long child = syscall(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    TRY(child);
    return 0;
}
ACT(clone_user) { return cloned(CLONE_NEWUSER); }
ACT(clone_mount) { return cloned(CLONE_NEWNS); }
ACT(clone_pid) { return cloned(CLONE_NEWPID); }
ACT(clone_net) { return cloned(CLONE_NEWNET); }
ACT(clone_ipc) { return cloned(CLONE_NEWIPC); }
ACT(clone_uts) { return cloned(CLONE_NEWUTS); }
ACT(clone_cgroup) { return cloned(CLONE_NEWCGROUP); }
ACT(clone3_user) {
    struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &args, sizeof args);
    if (child == 0) _exit(0);
    TRY(child);
    return 0;
}
ACT(setns_own) {
    int f = open("/proc/self/ns/uts", O_RDONLY);
    TRY(f);
    TRY(setns(f, 0));
    return 0;
}
ACT(setns_host) {
    int f = open(host_proc("ns/mnt"), O_RDONLY);
    TRY(f);
    TRY(setns(f, 0));
    return 0;
}
CALL(key_add, syscall(SYS_add_key, "user", "penstock-escape", "x", 1, KEY_SPEC_PROCESS_KEYRING))
CALL(key_ring, syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0))
ACT(key_request) { return past(syscall(SYS_request_key, "user", "penstock-none", NULL, 0), ENOKEY); }
ACT(uring) {
    struct io_uring_params p = {0};
    TRY(syscall(SYS_io_uring_setup, 1, &p));
    return 0;
}
ACT(uring_enter) { return past(syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0), EBADF); }
ACT(uring_register) {
    long result = syscall(SYS_io_uring_register, -1, 0, NULL, 0);
    return result < 0 && errno != EBADF && errno != EINVAL ? errno : 0;
}
ACT(bpf_map) {
    union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    TRY(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
    return 0;
}
ACT(perf) {
    struct perf_event_attr attr = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1};
    TRY(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
    return 0;
}
CALL(user_faults, syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */))
ACT(kexec) { return past(syscall(SYS_kexec_load, 0, 0, NULL, 0xffff), EINVAL); }
ACT(kexec_file) { return past(syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 0xffff), EINVAL); }
ACT(module_load) { return past(syscall(SYS_init_module, "x", 1, ""), ENOEXEC); }
ACT(module_load_file) { return past(syscall(SYS_finit_module, -1, "", 0), EBADF); }
ACT(module_remove) { return past(syscall(SYS_delete_module, "penstock_none", O_NONBLOCK), ENOENT); }
ACT(reboot_machine) { return past(syscall(SYS_reboot, 0xdead, 0xbeef, 0, NULL), EINVAL); }
ACT(swap_on) { return past(syscall(SYS_swapon, "/proc/nonexistent", 0), ENOENT); }
ACT(accounting) { return past(syscall(SYS_acct, "/proc/nonexistent"), ENOENT); }
CALL(kernel_log, syscall(SYS_syslog, 10 /* its size */, NULL, 0))
ACT(clock_adjust) {
    struct timex time = {0};
    TRY(adjtimex(&time));
    time.modes = ADJ_FREQUENCY;
    TRY(adjtimex(&time));
    return 0;
}
ACT(clock_adjust_other) {
    struct timex time = {0};
    TRY(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &time));
    time.modes = ADJ_FREQUENCY;
    TRY(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &time));
    return 0;
}
ACT(clock_set_day) {
    struct timeval senseless = {.tv_usec = 1l << 40};
    return past(syscall(SYS_settimeofday, &senseless, NULL), EINVAL);
}
ACT(clock_set) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec = 1l << 40;
    return past(syscall(SYS_clock_settime, CLOCK_REALTIME, &t), EINVAL);
}
ACT(host_name) {
    char name[256];
    gethostname(name, sizeof name);
    TRY(sethostname(name, strlen(name)));
    return 0;
}
ACT(io_ports) {
#ifdef __x86_64__
    TRY(syscall(SYS_ioperm, 0x80, 1, 1));
    syscall(SYS_ioperm, 0x80, 1, 0);
    return 0;
#else
    return ENOSYS;
#endif
}
static int rewrite(const char *path) {
    char text[4096];
    int file = open(path, O_RDONLY);
    TRY(file);
    ssize_t count = read(file, text, sizeof text);
    TRY(count);
    int again = open(path, O_WRONLY);
    TRY(again);
    TRY(write(again, text, (size_t)count));
    return 0;
}
ACT(core_pattern) { return rewrite("/proc/sys/kernel/core_pattern"); }
ACT(sysctl_net) { return rewrite("/proc/sys/net/ipv4/ip_default_ttl"); }
ACT(sysctl_vm) { return rewrite("/proc/sys/vm/overcommit_memory"); }
ACT(sysrq) { return writable("/proc/sysrq-trigger"); }
/* What everybody may know of a machine who shares its kernel. */
ACT(machine_facts) { return readable("/proc/meminfo"); }
ACT(mount_paths) {
    static char text[1 << 20];
    int file = open("/proc/self/mountinfo", O_RDONLY);
    TRY(file);
    size_t length = 0;
    for (ssize_t count; length < sizeof text && (count = read(file, text + length, sizeof text - length)) > 0;)
        length += (size_t)count;
    return memmem(text, length, target("STATE"), strlen(target("STATE"))) ? 0 : ENODATA;
}
ACT(uid_map) {
    int f = open("/proc/self/uid_map", O_WRONLY);
    TRY(f);
    TRY(write(f, "0 0 1\n", 6));
    return 0;
}
ACT(cgroup_leave) { return writable("/sys/fs/cgroup/cgroup.procs"); }
ACT(kernel_memory) { return readable("/proc/kcore"); }
ACT(binfmt) { return writable("/proc/sys/fs/binfmt_misc/register"); }

/* ---- other processes ---- */

ACT(proc_environ) {
    char text[65536];
    int file = open(host_proc("environ"), O_RDONLY);
    TRY(file);
    ssize_t count = read(file, text, sizeof text - 1);
    TRY(count);
    return memmem(text, (size_t)count, target("CANARY"), strlen(target("CANARY"))) ? 0 : ENODATA;
}
ACT(proc_cmdline) {
    char text[4096] = "";
    int file = open(host_proc("cmdline"), O_RDONLY);
    TRY(file);
    ssize_t count = read(file, text, sizeof text);
    TRY(count);
    return memmem(text, (size_t)count, target("CANARY"), strlen(target("CANARY"))) ? 0 : ENODATA;
}
CALL(proc_memory, open(host_proc("mem"), O_RDWR))
ACT(proc_root) {
    char path[8192];
    snprintf(path, sizeof path, "%s%s", host_proc("root"), target("HOST_FILE"));
    return readable(path);
}
ACT(proc_cwd) { return listable(host_proc("cwd/")); }
ACT(proc_descriptor) { return readable(host_proc("fd/0")); }
ACT(proc_oom) { return writable(host_proc("oom_score_adj")); }
ACT(proc_1_root) {
    char path[4096];
    snprintf(path, sizeof path, "/proc/1/root%s", target("HOST_FILE"));
    return readable(path);
}
ACT(proc_self_root) {
    char path[4096];
    snprintf(path, sizeof path, "/proc/self/root%s", target("HOST_FILE"));
    return readable(path);
}
ACT(proc_self_cwd) {
    char path[4096];
    snprintf(path, sizeof path, "/proc/self/cwd/../../../../../../../../../..%s", target("HOST_FILE"));
    return readable(path);
}
ACT(proc_parents) {
    /* What stands above us and holds more than our own files. */
    char path[4096], line[512];
    for (pid_t pid = getppid(); pid > 0;) {
        snprintf(path, sizeof path, "/proc/%d/root%s", pid, target("HOST_FILE"));
        if (readable(path) == 0) return 0;
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        FILE *file = fopen(path, "r");
        if (!file || !fgets(line, sizeof line, file)) return ENOENT;
        fclose(file);
        pid_t parent = 0;
        if (sscanf(strrchr(line, ')') + 1, " %*c %d", &parent) != 1) return EIO;
        pid = parent;
    }
    return EACCES;
}
CALL(trace, ptrace(PTRACE_SEIZE, host(), NULL, NULL))
ACT(memory_read) {
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)16, 1};
    return past(process_vm_readv(host(), &here, 1, &there, 1, 0), EFAULT);
}
ACT(memory_write) {
    char byte = 0;
    struct iovec here = {&byte, 1}, there = {(void *)16, 1};
    return past(process_vm_writev(host(), &here, 1, &there, 1, 0), EFAULT);
}
CALL(signal_host, kill(host(), SIGUSR1))
CALL(signal_thread, syscall(SYS_tgkill, host(), host(), SIGUSR1))
ACT(signal_queue) {
    union sigval value = {0};
    TRY(sigqueue(host(), SIGUSR1, value));
    return 0;
}
CALL(signal_group, killpg(getpgid(host()) > 1 ? getpgid(host()) : host(), SIGUSR1))
ACT(signal_pidfd) {
    int file = (int)syscall(SYS_pidfd_open, host(), 0);
    TRY(file);
    TRY(syscall(SYS_pidfd_send_signal, file, SIGUSR1, NULL, 0));
    return 0;
}
ACT(signal_owner) {
    int pair[2];
    TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    TRY(fcntl(pair[0], F_SETOWN, host()));
    TRY(fcntl(pair[0], F_SETSIG, SIGUSR1));
    TRY(fcntl(pair[0], F_SETFL, O_ASYNC));
    TRY(write(pair[1], "x", 1));
    return 0;
}
ACT(pidfd_descriptor) {
    int file = (int)syscall(SYS_pidfd_open, host(), 0);
    TRY(file);
    TRY(syscall(SYS_pidfd_getfd, file, 0, 0));
    return 0;
}
ACT(limit_host) {
    struct rlimit l = {64, 64};
    TRY(prlimit(host(), RLIMIT_NOFILE, &l, NULL));
    return 0;
}
ACT(limit_host_read) {
    struct rlimit l;
    TRY(prlimit(host(), RLIMIT_NOFILE, NULL, &l));
    return 0;
}
CALL(priority_host, setpriority(PRIO_PROCESS, (id_t)host(), 19))
CALL(io_priority_host, syscall(SYS_ioprio_set, 1, host(), 3 << 13))
ACT(affinity_host) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    TRY(sched_setaffinity(host(), sizeof set, &set));
    return 0;
}
ACT(scheduler_host) {
    struct sched_param p = {0};
    TRY(sched_setscheduler(host(), SCHED_BATCH, &p));
    return 0;
}
ACT(attributes_host) {
    struct {
        unsigned size, policy;
        unsigned long flags;
        int nice;
        unsigned priority;
        unsigned long times[3];
    } attributes = {.size = 48, .policy = 3 /* SCHED_BATCH */};
    TRY(syscall(SYS_sched_setattr, host(), &attributes, 0));
    return 0;
}
ACT(parameters_host) {
    struct sched_param p = {0};
    TRY(sched_setparam(host(), &p));
    return 0;
}
ACT(compare_host) {
    TRY(syscall(SYS_kcmp, host(), host(), 1 /* KCMP_VM */, 0, 0));
    return 0;
}
ACT(pages_host) {
    unsigned long nodes = 1;
    TRY(syscall(SYS_migrate_pages, host(), 64, &nodes, &nodes));
    return 0;
}
ACT(scheduler_realtime) {
    struct sched_param p = {1};
    TRY(sched_setscheduler(0, SCHED_FIFO, &p));
    p.sched_priority = 0;
    sched_setscheduler(0, SCHED_OTHER, &p);
    return 0;
}
ACT(sysv_host) {
    int segment = shmget(atoi(target("SHM_KEY")), 0, 0);
    TRY(segment);
    char *memory = shmat(segment, NULL, 0);
    if (memory == (void *)-1) return errno;
    memory[0] = 'X';
    return 0;
}
ACT(sysv_leave) {
    /* Found by the test outside, which removes it. */
    TRY(shmget(atoi(target("SHM_KEY")) + 1, 4096, IPC_CREAT | 0666));
    return 0;
}
CALL(semaphores_leave, semget(atoi(target("SHM_KEY")) + 1, 1, IPC_CREAT | 0666))
CALL(messages_leave, msgget(atoi(target("SHM_KEY")) + 1, IPC_CREAT | 0666))
ACT(queue_leave) {
    mqd_t queue = mq_open("/penstock-escape", O_RDWR | O_CREAT, 0666, NULL);
    if (queue == (mqd_t)-1) return errno;
    return 0;
}

/* ---- network ---- */

static int unix_address(struct sockaddr_un *address, const char *name) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if (length >= sizeof address->sun_path) return (int)sizeof *address;
    memcpy(address->sun_path, name, length);
    if (*name == '@') address->sun_path[0] = 0;
    return (int)(offsetof(struct sockaddr_un, sun_path) + length);
}
static int say(int type, const char *name) {
    struct sockaddr_un address;
    int length = unix_address(&address, name), socket_ = socket(AF_UNIX, type, 0);
    TRY(socket_);
    TRY(connect(socket_, (struct sockaddr *)&address, (socklen_t)length));
    TRY(write(socket_, "escaped", 7));
    return 0;
}
ACT(abstract_stream) { return say(SOCK_STREAM, target("ABSTRACT")); }
ACT(abstract_datagram) { return say(SOCK_DGRAM, target("ABSTRACT_DATAGRAM")); }
ACT(unix_stream) { return say(SOCK_STREAM, target("SOCKET")); }
ACT(unix_datagram) { return say(SOCK_DGRAM, target("SOCKET_DATAGRAM")); }

static struct sockaddr_in internet(const char *host_, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host_, &address.sin_addr);
    return address;
}
static int tcp(int protocol) {
    struct sockaddr_in address = internet("127.0.0.1", atoi(target("TCP_PORT")));
    int socket_ = socket(AF_INET, SOCK_STREAM, protocol);
    TRY(socket_);
    TRY(connect(socket_, (struct sockaddr *)&address, sizeof address));
    TRY(write(socket_, "escaped", 7));
    return 0;
}
ACT(tcp_host) { return tcp(0); }
ACT(mptcp_host) { return tcp(IPPROTO_MPTCP); }
ACT(fastopen_host) {
    struct sockaddr_in address = internet("127.0.0.1", atoi(target("TCP_PORT")));
    int socket_ = socket(AF_INET, SOCK_STREAM, 0);
    TRY(socket_);
    TRY(sendto(socket_, "escaped", 7, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address));
    return 0;
}
ACT(tcp_host_6) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_port = htons((uint16_t)atoi(target("TCP_PORT"))),
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int socket_ = socket(AF_INET6, SOCK_STREAM, 0);
    TRY(socket_);
    TRY(connect(socket_, (struct sockaddr *)&address, sizeof address));
    return 0;
}
ACT(udp_host) {
    struct sockaddr_in address = internet("127.0.0.1", atoi(target("UDP_PORT")));
    int socket_ = socket(AF_INET, SOCK_DGRAM, 0);
    TRY(socket_);
    /* Twice: that nobody listens is told with the second. */
    for (int i = 0; i < 2; i++) {
        TRY(connect(socket_, (struct sockaddr *)&address, sizeof address));
        TRY(write(socket_, "escaped", 7));
        usleep(10000);
    }
    return 0;
}
/* 192.0.2.0/24 is nobody's; a connection that has begun would have left this machine. */
ACT(tcp_outside) {
    struct sockaddr_in address = internet("192.0.2.1", 9);
    int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    TRY(socket_);
    return past(connect(socket_, (struct sockaddr *)&address, sizeof address), EINPROGRESS);
}
ACT(udp_outside) {
    struct sockaddr_in address = internet("192.0.2.1", 9);
    int socket_ = socket(AF_INET, SOCK_DGRAM, 0);
    TRY(socket_);
    TRY(connect(socket_, (struct sockaddr *)&address, sizeof address));
    return 0;
}
ACT(tcp_listen) {
    struct sockaddr_in address = internet("0.0.0.0", 0);
    int socket_ = socket(AF_INET, SOCK_STREAM, 0);
    TRY(socket_);
    TRY(bind(socket_, (struct sockaddr *)&address, sizeof address));
    TRY(listen(socket_, 1));
    return 0;
}
ACT(tcp_listen_unbound) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    TRY(s);
    TRY(listen(s, 1));
    return 0;
}
static int family(int number, int type, int protocol) {
    TRY(socket(number, type, protocol));
    return 0;
}
ACT(raw_socket) { return family(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
ACT(packet_socket) { return family(AF_PACKET, SOCK_RAW, 0); }
ACT(vsock) { return family(AF_VSOCK, SOCK_STREAM, 0); }
ACT(crypto_socket) { return family(AF_ALG, SOCK_SEQPACKET, 0); }
ACT(bluetooth_socket) { return family(AF_BLUETOOTH, SOCK_RAW, 1); }
ACT(key_socket) { return family(AF_KEY, SOCK_RAW, 2); }
CALL(wide_vsock, syscall(SYS_socket, 0x100000000l | AF_VSOCK, SOCK_STREAM, 0))
ACT(netlink_interfaces) {
    struct {
        struct nlmsghdr head;
        struct rtgenmsg body;
    } ask = {{.nlmsg_len = sizeof ask, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
             {.rtgen_family = AF_UNSPEC}};
    char answer[65536];
    int socket_ = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), interfaces = 0;
    TRY(socket_);
    TRY(send(socket_, &ask, sizeof ask, 0));
    for (;;) {
        ssize_t count = recv(socket_, answer, sizeof answer, 0);
        TRY(count);
        for (struct nlmsghdr *each = (void *)answer; NLMSG_OK(each, (size_t)count); each = NLMSG_NEXT(each, count)) {
            if (each->nlmsg_type == NLMSG_ERROR) return EPERM;
            /* The loopback alone is what a job of its own has. */
            if (each->nlmsg_type == NLMSG_DONE) return interfaces > 1 ? 0 : ENODEV;
            interfaces++;
        }
    }
}
ACT(netlink_audit) {
    struct nlmsghdr ask = {
        .nlmsg_len = sizeof ask, .nlmsg_type = 1000 /* AUDIT_GET */, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK};
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char more[1024];
    } answer;
    int socket_ = socket(AF_NETLINK, SOCK_RAW, 9);
    TRY(socket_);
    TRY(send(socket_, &ask, sizeof ask, 0));
    TRY(recv(socket_, &answer, sizeof answer, 0));
    return answer.head.nlmsg_type == NLMSG_ERROR ? -answer.error.error : 0;
}

/* ---- terminals ---- */

CALL(terminal_open, open("/dev/tty", O_RDWR))
ACT(terminal_device) { return writable(target("TERMINAL")); }
static int own_terminal(unsigned long request) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    TRY(master);
    if (grantpt(master) < 0 || unlockpt(master) < 0) return errno;
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    TRY(terminal);
    setsid();
    TRY(ioctl(terminal, TIOCSCTTY, 0));
    TRY(syscall(SYS_ioctl, terminal, request, "x"));
    return 0;
}
ACT(terminal_type) { return own_terminal(TIOCSTI); }
ACT(terminal_type_wide) { return own_terminal(0x100000000ul | TIOCSTI); }
ACT(terminal_linux) {
    int r = own_terminal(TIOCLINUX);
    return r == ENOTTY || r == EINVAL ? 0 : r;
}

/* ---- limits ---- */

ACT(sparse_tebibyte) {
    int f = made(own("big"));
    TRY(f);
    int r = ftruncate(f, 1l << 40) < 0 ? errno : 0;
    unlink(own("big"));
    return r;
}
ACT(file_over_limit) {
    int file = made(own("big"));
    TRY(file);
    int result = pwrite(file, "x", 1, 8l << 30) < 0 ? errno : 0;
    unlink(own("big"));
    return result;
}
ACT(fallocate_over_limit) {
    int f = made(own("big"));
    TRY(f);
    int r = fallocate(f, FALLOC_FL_KEEP_SIZE, 9l << 30, 4096) < 0 ? errno : 0;
    unlink(own("big"));
    return r;
}
static int fill(int file, size_t megabytes) {
    static char block[1 << 20];
    TRY(file);
    for (size_t i = 0; i < megabytes; i++) {
        ssize_t count = write(file, block, sizeof block);
        TRY(count);
        if ((size_t)count < sizeof block) return ENOSPC;
    }
    return 0;
}
ACT(shared_memory_folder) {
    int r = fill(open("/dev/shm/penstock-escape", O_CREAT | O_WRONLY, 0600), 24);
    unlink("/dev/shm/penstock-escape");
    return r;
}
ACT(dev_folder) {
    TRY(made("/dev/penstock-escape"));
    unlink("/dev/penstock-escape");
    return 0;
}
ACT(run_folder) {
    int r = fill(open("/run/penstock-escape", O_CREAT | O_WRONLY, 0600), 2);
    unlink("/run/penstock-escape");
    return r;
}
ACT(shared_memory) {
    char *memory = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return errno;
    memset(memory, 1, 64 << 20);
    return 0;
}
ACT(memory_file) { return fill(memfd_create("x", 0), 64); }
ACT(private_memory) {
    char *m = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED) return errno;
    memset(m, 1, 64 << 20);
    return 0;
}
ACT(many_files) {
    for (int i = 0; i < 2000; i++) TRY(open("/dev/null", O_RDONLY));
    return 0;
}
/* Bounded: never more than the greatest limit and some, all of which end with this process's group. */
ACT(fork_bomb) {
    int result = 0, bound = atoi(target("BOMB"));
    setpgid(0, 0);
    for (int i = 0; i < bound && result == 0; i++) {
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) pause();
        }
        if (child < 0) result = errno;
    }
    signal(SIGTERM, SIG_IGN);
    killpg(0, SIGTERM);
    while (wait(NULL) > 0) {}
    return result;
}

static void tell(const char *name, const char *how, const char *what) {
    printf("{\"act\":\"%s\",\"result\":\"%s%s%s\"}\n", name, how, *what ? " " : "", what);
    fflush(stdout);
}

static void attempt(const char *name, int (*act)(void)) {
    int pipe_[2], status = 0, result = 0;
    if (pipe(pipe_) != 0) exit(2);
    pid_t child = fork();
    if (child < 0) exit(2);
    if (child == 0) {
        /* The acts that go over a limit are to be told, not ended. */
        signal(SIGXFSZ, SIG_IGN);
        signal(SIGPIPE, SIG_IGN);
        alarm(20);
        result = act();
        if (write(pipe_[1], &result, sizeof result) < 0) _exit(3);
        _exit(0);
    }
    close(pipe_[1]);
    ssize_t length = read(pipe_[0], &result, sizeof result);
    close(pipe_[0]);
    waitpid(child, &status, 0);
    if (length != sizeof result) {
        tell(name, "killed", WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "itself");
    } else if (result == 0) {
        tell(name, "done", "");
    } else {
        const char *reason = strerrorname_np(result);
        tell(name, "refused", reason ? reason : "?");
    }
}

/* A process that is never there: it forks and ends, again and again, deaf to what can be ignored. */
static void fly(int seconds) {
    time_t end = time(NULL) + seconds;
    for (int number = 1; number < 32; number++) signal(number, SIG_IGN);
    while (time(NULL) < end)
        if (fork() > 0) _exit(0);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--comet") == 0) {
        fly(atoi(argv[2]));
        return 0;
    }
    if (argc == 1)
        for (int i = 0; i < count; i++) puts(acts[i].name);
    for (int argument = 1; argument < argc; argument++) {
        int i = 0;
        while (i < count && strcmp(argv[argument], acts[i].name) != 0) i++;
        if (i == count) {
            fprintf(stderr, "acts: there is no act %s\n", argv[argument]);
            return 2;
        }
        attempt(acts[i].name, acts[i].act);
    }
}
