/*
 * The seccomp filter of every action: everything is allowed but what reaches out of a sandbox.
 *
 * Assembled by hand, for the library that does it takes a good part of the time that a sandbox takes to make.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define count_of(array) (sizeof(array) / sizeof *(array))

#if defined __x86_64__
static const unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined __aarch64__
static const unsigned architecture = AUDIT_ARCH_AARCH64;
#else
#error "the filter knows the system calls of x86-64 and of 64-bit ARM"
#endif

/* From here on the calls of x32, a second set on x86-64. */
static const unsigned foreign_calls = 0x40000000;

/* Younger than the oldest kernel's headers that this is built with; the same number on every architecture. */
enum { nr_fchmodat2 = 452, nr_open_tree_attr = 467 };

/* Refused with EPERM, whatever the arguments. */
static const int refused[] = {
    /* mounts and namespaces */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare, SYS_open_tree, SYS_move_mount,
    SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, nr_open_tree_attr,
    /* other processes, and files by handle */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_open_by_handle_at,
    /* the kernel's keys, programs, code and log */
    SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_kexec_load,
    SYS_kexec_file_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_syslog,
    /* the clock */
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
};

/* Their arguments lie in memory, where a filter cannot look: ENOSYS makes programs fall back to the older call. */
static const int absent[] = {
    SYS_clone3, SYS_openat2, nr_fchmodat2, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
};

/* Without an ipc namespace these are the host's. */
static const int shared[] = {
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semop, SYS_semtimedop, SYS_semctl, SYS_msgget, SYS_msgsnd,
    SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink,
};

/* Without a pid namespace these reach other processes of the same user: which argument has to be 0, the caller. */
static const struct {
    int call;
    unsigned argument;
} of_others[] = {
    {SYS_prlimit64, 0}, {SYS_sched_setaffinity, 0}, {SYS_sched_setscheduler, 0}, {SYS_sched_setparam, 0},
    {SYS_sched_setattr, 0}, {SYS_setpriority, 0}, {SYS_setpriority, 1}, {SYS_ioprio_set, 1},
};

static const unsigned namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER
    | CLONE_NEWPID | CLONE_NEWNET;

/* Calls that set a mode, and which argument that is. */
static const struct {
    int call;
    unsigned mode;
} mode_setters[] = {
    {SYS_fchmod, 1}, {SYS_fchmodat, 2}, {SYS_mkdirat, 2}, {SYS_mknodat, 2},
#ifdef SYS_chmod
    {SYS_chmod, 1}, {SYS_creat, 1}, {SYS_mkdir, 1}, {SYS_mknod, 1},
#endif
};

/* Calls whose mode counts only when their flags create a file. */
static const struct {
    int call;
    unsigned flags, mode;
} openers[] = {
    {SYS_openat, 2, 3},
#ifdef SYS_open
    {SYS_open, 1, 2},
#endif
};

/* Calls that make a device: the argument that says so. */
static const struct {
    int call;
    unsigned mode;
} device_makers[] = {
    {SYS_mknodat, 2},
#ifdef SYS_mknod
    {SYS_mknod, 1},
#endif
};

/* The program, in the order in which the kernel runs it, with the number of the call loaded. */
static struct sock_filter program[512];
static unsigned short length;

static void emit(unsigned short code, unsigned char if_true, unsigned char if_false, unsigned value) {
    if (length == count_of(program)) fail(0, "the filter is too long");
    program[length++] = (struct sock_filter){code, if_true, if_false, value};
}

static void load(unsigned offset) { emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset); }

static void load_call(void) { load(offsetof(struct seccomp_data, nr)); }

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half of an argument comes first");
static void load_low(unsigned argument) { load(offsetof(struct seccomp_data, args) + argument * 8); }

static void refuse(int error) { emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (unsigned)error); }

static void jump_if_equal(unsigned value, unsigned if_true, unsigned if_false) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, (unsigned char)if_true, (unsigned char)if_false, value);
}

/* Of the low half of an argument, for the kernel reads no more of these: (it & mask) == value, or its contrary. */
struct condition {
    unsigned argument, mask, value;
    enum { equal, different } kind;
};

/* Refuses a call if all conditions hold. */
static void refuse_if(int error, int call, const struct condition *conditions, unsigned count) {
    enum { of_condition = 3 };
    jump_if_equal((unsigned)call, 0, of_condition * count + 2);
    for (unsigned i = 0; i < count; i++) {
        unsigned to_end = of_condition * (count - 1 - i) + 1;
        load_low(conditions[i].argument);
        emit(BPF_ALU | BPF_AND | BPF_K, 0, 0, conditions[i].mask);
        if (conditions[i].kind == equal) jump_if_equal(conditions[i].value, 0, to_end);
        else jump_if_equal(conditions[i].value, to_end, 0);
    }
    refuse(error);
    load_call();
}

static void refuse_bits(int call, unsigned argument, unsigned bits) {
    struct condition condition = {argument, bits, 0, different};
    refuse_if(EPERM, call, &condition, 1);
}

static void refuse_value(int call, unsigned argument, unsigned mask, unsigned value) {
    struct condition condition = {argument, mask, value, equal};
    refuse_if(EPERM, call, &condition, 1);
}

static void refuse_all(int error, const int *calls, unsigned count) {
    for (unsigned i = 0; i < count; i++) jump_if_equal((unsigned)calls[i], count - i, 0);
    emit(BPF_JMP | BPF_JA, 0, 0, 1);
    refuse(error);
}

static void refuse_modes(void) {
    static const unsigned bits = S_ISUID | S_ISGID;
    for (size_t i = 0; i < count_of(mode_setters); i++) refuse_bits(mode_setters[i].call, mode_setters[i].mode, bits);
    for (size_t i = 0; i < count_of(openers); i++) {
        struct condition conditions[] = {
            {openers[i].flags, O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 0, different},
            {openers[i].mode, bits, 0, different},
        };
        refuse_if(EPERM, openers[i].call, conditions, count_of(conditions));
    }
    for (size_t i = 0; i < count_of(device_makers); i++) {
        refuse_value(device_makers[i].call, device_makers[i].mode, S_IFMT, S_IFCHR);
        refuse_value(device_makers[i].call, device_makers[i].mode, S_IFMT, S_IFBLK);
    }
}

/* Of a call's first argument only these values; the upper half has to be 0. */
static void allow_families(int call, const unsigned *families, unsigned count) {
    jump_if_equal((unsigned)call, 0, count + 5);
    load(offsetof(struct seccomp_data, args) + 4);
    jump_if_equal(0, 0, count + 1);
    load_low(0);
    for (unsigned i = 0; i < count; i++) jump_if_equal(families[i], count - i, 0);
    refuse(EAFNOSUPPORT);
    load_call();
}

/* vsock, packet, bluetooth and their like reach the host. */
static void refuse_families(const struct options *options) {
    static const unsigned usual[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    if (options->profile != by_landlock) {
        allow_families(SYS_socket, usual, count_of(usual));
        allow_families(SYS_socketpair, usual, count_of(usual));
        return;
    }
    /* What no namespace takes away: UDP and the like, and every socket of the host that has a name in its files. */
    allow_families(SYS_socket, usual + 1, options->network ? count_of(usual) - 1 : 0);
    allow_families(SYS_socketpair, usual, 1);
    /* One of a pair of this kind can be connected anew. */
    refuse_value(SYS_socketpair, 1, 0xf, SOCK_DGRAM);
    refuse_value(SYS_socketpair, 1, 0xf, SOCK_RAW);
}

static void refuse_shared(void) {
    refuse_all(EPERM, shared, count_of(shared));
    for (size_t i = 0; i < count_of(of_others); i++) refuse_bits(of_others[i].call, of_others[i].argument, 0xffffffff);
}

static struct sock_fprog assemble(const struct options *options) {
    length = 0;
    load(offsetof(struct seccomp_data, arch));
    jump_if_equal(architecture, 1, 0);
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    load_call();
    emit(BPF_JMP | BPF_JGE | BPF_K, 0, 1, foreign_calls);
    refuse(ENOSYS);
    refuse_all(EPERM, refused, count_of(refused));
    refuse_all(ENOSYS, absent, count_of(absent));
    refuse_bits(SYS_clone, 0, namespaces);
    refuse_value(SYS_ioctl, 1, 0xffffffff, TIOCSTI);
    refuse_value(SYS_ioctl, 1, 0xffffffff, TIOCLINUX);
    refuse_modes();
    refuse_families(options);
    if (options->profile == by_landlock) refuse_shared();
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
    return (struct sock_fprog){.len = length, .filter = program};
}

int export_filter(void) {
    struct sock_fprog filter = assemble(&(struct options){.profile = by_bubblewrap});
    int descriptor = memfd_create("seccomp", 0);
    if (descriptor < 0) fail(errno, "cannot make a memory file for the filter");
    ssize_t size = (ssize_t)(filter.len * sizeof *filter.filter);
    if (write(descriptor, filter.filter, (size_t)size) != size || lseek(descriptor, 0, SEEK_SET) != 0)
        fail(errno, "cannot write the filter");
    return descriptor;
}

void load_filter(const struct options *options) {
    struct sock_fprog filter = assemble(options);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) fail(errno, "cannot load the filter");
}
