"""What becomes of every act: it is prevented, unless it stands here.

What is allowed stands, with its reason, in docs/security.md too; a test compares the two.
"""

PROFILES = ("bubblewrap", "namespaces", "landlock")
# Without any sandbox: shows that an act does what it says, so that "refused" means that a sandbox refused it.
CONTROL = "none"
IDENTITIES = ("root", "user")

# Acts of bin/acts that do not belong to the one job that tries all others.
NETWORK = """abstract_stream abstract_datagram tcp_host tcp_host_6 mptcp_host fastopen_host udp_host tcp_outside
    udp_outside tcp_listen tcp_listen_unbound netlink_interfaces vsock packet_socket raw_socket""".split()
GRANTED = "granted_read granted_write granted_create granted_chmod granted_leave granted_link".split()
ALONE = ["fork_bomb"]

ALL = "bubblewrap namespaces landlock"
BOTH = "root user"

# acts, profiles, who runs Penstock. `network:` is a plugin with the network granted, `granted:` one with a host path.
ALLOWED = [
    ("memory_file private_memory shared_memory", ALL, BOTH),
    ("granted:granted_read", ALL, BOTH),
    ("network:tcp_host network:tcp_host_6 network:mptcp_host network:fastopen_host network:udp_host", ALL, BOTH),
    ("network:netlink_interfaces", ALL, BOTH),
    ("network:abstract_stream network:abstract_datagram", "bubblewrap namespaces", BOTH),
    ("network:tcp_outside network:udp_outside network:tcp_listen network:tcp_listen_unbound", ALL, BOTH),
    ("fallocate_over_limit machine_facts", ALL, BOTH),
    ("mount_paths", "bubblewrap namespaces", BOTH),
    ("host_stat host_readlink host_chdir host_inotify host_fanotify", "landlock", BOTH),
    ("host_xattr", "landlock", BOTH),
    ("host_chmod host_chown host_touch input_chmod input_touch input_xattr granted:granted_chmod", "landlock", "user"),
    ("tcp_listen tcp_listen_unbound", "bubblewrap namespaces", BOTH),
]

# Acts that are told as done, and do no harm: what they were aimed at is looked at from outside.
OUTSIDE = {
    "signal_owner": "landlock",  # the kernel drops the signal when it is due
    "sysv_leave": "bubblewrap namespaces",  # goes with the namespace
    "semaphores_leave": "bubblewrap namespaces",
    "messages_leave": "bubblewrap namespaces",
    "queue_leave": "bubblewrap namespaces",
}

# Of what is allowed, what a machine may lack or refuse by itself: a network, fanotify in a container.
DEPENDING = set(
    """network:tcp_host_6 network:mptcp_host network:fastopen_host network:tcp_outside network:udp_outside
    network:netlink_interfaces host_fanotify host_xattr input_xattr""".split()
)

# Acts that must be possible where there is no sandbox, or they prove nothing.
CONTROL_EVERYBODY = """
    input_write input_append input_truncate input_chmod input_chmod_write input_replace input_unlink input_create
    input_touch input_xattr input_move workspace_create workspace_swap host_read host_write host_truncate
    host_create host_mkdir host_symlink host_unlink host_rename host_list host_chmod host_chown host_touch
    host_xattr host_link host_stat host_readlink host_chdir host_exec host_inotify host_fanotify host_symlink_read
    host_by_dots host_by_plugin host_etc host_sys state_list state_database state_database_write state_create
    state_workspaces state_logs state_artifacts state_artifacts_write secret_read suid_chmod sgid_chmod suid_fchmod
    suid_fchmodat suid_wide_chmod suid_open suid_openat suid_openat2 suid_tmpfile suid_creat sgid_mkdir
    sgid_mkdirat suid_mknod suid_mknod_untyped suid_mknodat suid_umask_mkfifo new_privileges core_dump
    raise_file_size unshare_user clone_user clone3_user key_add key_ring key_request clock_set proc_environ
    proc_cmdline proc_memory proc_root proc_cwd proc_descriptor proc_oom proc_self_root proc_self_cwd proc_parents
    signal_host signal_thread signal_queue signal_group signal_pidfd signal_owner limit_host limit_host_read
    priority_host io_priority_host affinity_host scheduler_host sysv_host sysv_leave queue_leave abstract_stream
    abstract_datagram unix_stream unix_datagram tcp_host fastopen_host udp_host tcp_listen tcp_listen_unbound vsock
    wide_vsock netlink_interfaces terminal_device sparse_tebibyte file_over_limit shared_memory_folder many_files
    clock_set_day compare_host host_link_descriptor host_reopen messages_leave semaphores_leave parameters_host
    suid_fchmodat2 machine_facts input_exchange input_link_write input_symlink_write host_rename_out
"""
CONTROL_ROOT = """
    plugin_write plugin_change plugin_chmod host_by_handle suid_link file_capabilities trusted_xattr chown_root
    chown_other immutable char_device block_device become_root set_groups capabilities mount_tmpfs mount_bind
    mount_proc fsopen_tmpfs open_tree_clone change_root unshare_mount unshare_pid unshare_net unshare_ipc
    unshare_uts unshare_cgroup setns_own setns_host clock_adjust reboot_machine swap_on host_name core_pattern
    sysctl_net sysctl_vm scheduler_realtime raw_socket packet_socket netlink_audit dev_folder run_folder accounting
    clock_adjust_other clone_mount clone_pid clone_net clone_ipc clone_uts clone_cgroup fsmount_none fspick_root
    kernel_log pivot remount_input unmount mount_attributes
"""

# Deeds of outputs: what it is told, the status of the action, and what the message has to say.
OUTPUTS = {
    "link /etc/passwd": ("Failed", r"is a link to .*an absolute path"),
    "link ../../../../etc/passwd": ("Failed", r"is a link to .*leads out of the artifact"),
    "link /proc/self/root/etc/passwd": ("Failed", r"is a link to .*an absolute path"),
    "link x/../..": ("Failed", r"is a link to .*leads out of the artifact"),
    "link_chain": ("Failed", r"is a link to .*leads out of the artifact"),
    "link_circle": ("Failed", r"part of a circle"),
    "fifo": ("Failed", r"is a FIFO"),
    "socket_file": ("Failed", r"is a socket"),
    "folder_to_link": ("Failed", r"output artifact .* is not a directory"),
    "folder_to_input": ("Failed", r"output artifact .* is not a directory"),
    "folder_to_file": ("Failed", r"output artifact .* is not a directory"),
    "folder_gone": ("Failed", r"output artifact .* is not a directory"),
    "names": ("Succeeded", None),
    "hard_links": ("Succeeded", None),
    "deep": ("Failed", r"levels deep; the limit is 128"),
    "long_path": ("Failed", r"has a path of \d+ bytes; the limit is 2048"),
    "many 20000": ("Succeeded", None),
    "unreadable": ("Succeeded", None),
    "sparse 256": ("Succeeded", None),
}

# Root reads whatever its mode is.
OUTPUTS_OF_USER = {"unreadable": ("Failed", r"cannot read closed: permission denied")}


def allowed(act, profile, identity):
    return (act, profile, identity) in _allowed


def rows():
    """Every (act, profile, identity) that is allowed."""
    return _allowed


_allowed = {
    (act, profile, identity)
    for acts, profiles, identities in ALLOWED
    for act in acts.split()
    for profile in profiles.split()
    for identity in identities.split()
}
