/* The seccomp filter of every action: everything is allowed but what reaches out of a sandbox. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define count_of(array) (sizeof(array) / sizeof *(array))

/* Younger than libseccomp 2.5.4; the same number on every architecture. */
enum { nr_fchmodat2 = 452, nr_open_tree_attr = 467 };

/* Refused with EPERM, whatever the arguments. */
static const int refused[] = {
    /* mounts and namespaces */
    SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns),
    SCMP_SYS(unshare), SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(mount_setattr), nr_open_tree_attr,
    /* other processes, and files by handle */
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(open_by_handle_at),
    /* the kernel's keys, programs and code */
    SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(init_module),
    SCMP_SYS(finit_module), SCMP_SYS(delete_module),
    /* the clock */
    SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex), SCMP_SYS(stime),
};

/* Their arguments lie in memory, where a filter cannot look: ENOSYS makes programs fall back to the older call. */
static const int absent[] = {
    SCMP_SYS(clone3), SCMP_SYS(openat2), nr_fchmodat2,
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
};

static const unsigned long namespaces[] = {
    CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET,
};

/* Calls that set a mode, and which argument that is. */
static const struct {
    int call;
    unsigned mode;
} mode_setters[] = {
    {SCMP_SYS(chmod), 1}, {SCMP_SYS(fchmod), 1}, {SCMP_SYS(fchmodat), 2}, {SCMP_SYS(creat), 1},
    {SCMP_SYS(mkdir), 1}, {SCMP_SYS(mkdirat), 2}, {SCMP_SYS(mknod), 1},   {SCMP_SYS(mknodat), 2},
};

/* Calls whose mode counts only when their flags create a file. */
static const struct {
    int call;
    unsigned flags, mode;
} openers[] = {{SCMP_SYS(open), 1, 2}, {SCMP_SYS(openat), 2, 3}};

static void add(scmp_filter_ctx filter, int error, int call, const struct scmp_arg_cmp *conditions, unsigned count) {
    int result = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(error), call, count, conditions);
    if (result != 0) fail(-result, "cannot add system call %d to the filter", call);
}

static struct scmp_arg_cmp has(unsigned argument, unsigned long mask, unsigned long value) {
    return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, mask, value};
}

static void refuse_if(scmp_filter_ctx filter, int call, unsigned argument, unsigned long mask, unsigned long value) {
    struct scmp_arg_cmp condition = has(argument, mask, value);
    add(filter, EPERM, call, &condition, 1);
}

static void refuse_modes(scmp_filter_ctx filter) {
    static const unsigned long bits[] = {S_ISUID, S_ISGID};
    static const unsigned long creating[] = {O_CREAT, O_TMPFILE & ~O_DIRECTORY};
    for (size_t bit = 0; bit < count_of(bits); bit++) {
        for (size_t i = 0; i < count_of(mode_setters); i++)
            refuse_if(filter, mode_setters[i].call, mode_setters[i].mode, bits[bit], bits[bit]);
        for (size_t i = 0; i < count_of(openers); i++)
            for (size_t flag = 0; flag < count_of(creating); flag++) {
                struct scmp_arg_cmp conditions[] = {
                    has(openers[i].flags, creating[flag], creating[flag]),
                    has(openers[i].mode, bits[bit], bits[bit]),
                };
                add(filter, EPERM, openers[i].call, conditions, count_of(conditions));
            }
    }
    static const unsigned long devices[] = {S_IFCHR, S_IFBLK};
    for (size_t i = 0; i < count_of(devices); i++) {
        refuse_if(filter, SCMP_SYS(mknod), 1, S_IFMT, devices[i]);
        refuse_if(filter, SCMP_SYS(mknodat), 2, S_IFMT, devices[i]);
    }
}

/* Of the families only UNIX, INET, INET6 and NETLINK stay: vsock, packet, bluetooth and their like reach the host. */
static void refuse_families(scmp_filter_ctx filter, int call) {
    for (unsigned family = 0; family < AF_NETLINK; family++) {
        if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
        struct scmp_arg_cmp condition = {0, SCMP_CMP_EQ, family, 0};
        add(filter, EAFNOSUPPORT, call, &condition, 1);
    }
    /* All 64 bits are compared, so a family with bits above 32, which the kernel would ignore, is caught here. */
    struct scmp_arg_cmp condition = {0, SCMP_CMP_GT, AF_NETLINK, 0};
    add(filter, EAFNOSUPPORT, call, &condition, 1);
}

static scmp_filter_ctx build(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter) fail(ENOMEM, "cannot make a filter");
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result != 0) fail(-result, "cannot refuse foreign architectures");
    for (size_t i = 0; i < count_of(refused); i++) add(filter, EPERM, refused[i], NULL, 0);
    for (size_t i = 0; i < count_of(absent); i++) add(filter, ENOSYS, absent[i], NULL, 0);
    for (size_t i = 0; i < count_of(namespaces); i++)
        refuse_if(filter, SCMP_SYS(clone), 0, namespaces[i], namespaces[i]);
    /* The kernel reads 32 bits of an ioctl's number; so must we. */
    refuse_if(filter, SCMP_SYS(ioctl), 1, 0xffffffff, TIOCSTI);
    refuse_if(filter, SCMP_SYS(ioctl), 1, 0xffffffff, TIOCLINUX);
    refuse_modes(filter);
    refuse_families(filter, SCMP_SYS(socket));
    refuse_families(filter, SCMP_SYS(socketpair));
    return filter;
}

int export_filter(void) {
    scmp_filter_ctx filter = build();
    int descriptor = memfd_create("seccomp", 0);
    if (descriptor < 0) fail(errno, "cannot make a memory file for the filter");
    int result = seccomp_export_bpf(filter, descriptor);
    if (result != 0) fail(-result, "cannot export the filter");
    seccomp_release(filter);
    if (lseek(descriptor, 0, SEEK_SET) != 0) fail(errno, "cannot rewind the filter");
    return descriptor;
}
