/**
 * The sets of system calls that a seccomp isolator may name, `@scope/name`, with the members that
 * rkt 1.30, Docker and systemd gave them, and the calls of later kernels that belong to each. Data
 * only.
 *
 * @see rkt Documentation/seccomp-guide.md, "Predefined seccomp filters"; systemd.exec(5),
 * SystemCallFilter=
 */
import { splitWords } from "./profile.ts";

/**
 * Calls that are allowed whatever a retain set says, so that a program can start, wait and end:
 * systemd's rule.
 */
const SYSTEMD_DEFAULT = `
arch_prctl brk cacheflush clock_getres clock_getres_time64 clock_gettime clock_gettime64
clock_nanosleep clock_nanosleep_time64 execve exit exit_group futex futex_time64 futex_waitv
get_robust_list get_thread_area getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups
getgroups32 getpgid getpgrp getpid getppid getrandom getresgid getresgid32 getresuid getresuid32
getrlimit getsid gettid gettimeofday getuid getuid32 membarrier mmap mmap2 mprotect munmap nanosleep
pause prlimit64 restart_syscall rseq rt_sigreturn sched_getaffinity sched_yield set_robust_list
set_thread_area set_tid_address set_tls sigreturn time ugetrlimit
`;

const CLOCK =
  "adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 settimeofday stime ";
const RAW_IO = "ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write ";
const DENIED_BY_DOCKER = `
acct add_key adjtimex bpf clock_adjtime clock_adjtime64 clock_settime clock_settime64 create_module
delete_module finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module
io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl
lookup_dcookie mbind mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl
open_by_handle_at open_tree perf_event_open pivot_root process_vm_readv process_vm_writev ptrace
query_module quotactl quotactl_fd reboot request_key set_mempolicy setns settimeofday stime swapoff
swapon _sysctl sysfs umount umount2 unshare uselib userfaultfd ustat vm86 vm86old
`;

const SETS: Readonly<Record<string, string>> = {
  "@docker/default-blacklist": DENIED_BY_DOCKER,
  "@rkt/default-blacklist": DENIED_BY_DOCKER,
  "@systemd/clock": CLOCK,
  "@systemd/default-whitelist": SYSTEMD_DEFAULT,
  "@systemd/io-event":
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait " +
    "epoll_wait_old eventfd eventfd2 _newselect poll ppoll ppoll_time64 pselect6 pselect6_time64 " +
    "select",
  "@systemd/mount":
    "chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree pivot_root " +
    "umount umount2",
  "@systemd/network-io":
    "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom " +
    "recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket " +
    "socketcall socketpair",
  "@systemd/obsolete":
    "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty lock mpx " +
    "prof profil putpmsg query_module security sgetmask ssetmask stime stty sysfs tuxcall ulimit " +
    "uselib ustat vserver",
  "@systemd/privileged": `${CLOCK + RAW_IO}
    acct bpf capset chown chown32 chroot delete_module fanotify_init fanotify_mark fchown fchown32
    fchownat finit_module init_module kexec_file_load kexec_load lchown lchown32 nfsservctl
    open_by_handle_at pivot_root quotactl quotactl_fd reboot setdomainname setfsuid setfsuid32
    setgroups setgroups32 sethostname setresuid setresuid32 setreuid setreuid32 setuid setuid32
    swapoff swapon _sysctl vhangup`,
  "@systemd/process":
    "capget clone clone3 execveat fork getrusage kill pidfd_open pidfd_send_signal prctl " +
    "rt_sigqueueinfo rt_tgsigqueueinfo setns tgkill times tkill unshare vfork wait4 waitid waitpid",
  "@systemd/raw-io": RAW_IO,
};

/** The sets that mean the default profile. */
export const DEFAULT_SETS: readonly string[] = [
  "@rkt/default-whitelist",
  "@docker/default-whitelist",
];

/** The members of a set; undefined where there is no such set, or it is one of `DEFAULT_SETS`. */
export function membersOf(set: string): readonly string[] | undefined {
  const text = Object.hasOwn(SETS, set) ? SETS[set] : undefined;
  return text === undefined ? undefined : splitWords(text);
}

export function alwaysRetained(): readonly string[] {
  return splitWords(SYSTEMD_DEFAULT);
}
