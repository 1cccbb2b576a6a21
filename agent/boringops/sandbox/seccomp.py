"""System calls that no command needs, refused by a filter: BPF, assembled here for the machine's architecture.

Numbers are those of Linux's own tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
A filter is a list of 8-byte instructions (linux/filter.h) over `struct seccomp_data`: number at 0, architecture at 4,
arguments from 16, 8 bytes each.
"""

from __future__ import annotations

import errno
import platform
import struct

# name: (x86_64, aarch64); None where the architecture has no such call
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # mounts and namespaces: a way to another view of the file system
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "kcmp": (312, 272), "process_madvise": (440, 440), "move_pages": (279, 239),
    # the kernel's own machinery, where most of its holes were
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None), "lookup_dcookie": (212, 18),
    # io_uring opens files and sockets without the calls that a filter sees
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # the machine
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "syslog": (103, 116), "sethostname": (170, 161), "setdomainname": (171, 162),
    "vhangup": (153, 58),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET, _IOCTL = (56, 220), (435, 435), (41, 198), (16, 29)
_AUDIT_ARCH = (0xC000003E, 0xC00000B7)
_MACHINES = {"x86_64": 0, "amd64": 0, "aarch64": 1, "arm64": 1}

_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # type into the terminal that somebody else reads
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24  # both architectures are little-endian: the low half comes first
_X32 = 0x40000000  # x86_64's second table of calls, under numbers from here


def supported(machine: str = "") -> bool:
    """Whether filters can be made for this machine."""
    return (machine or platform.machine()).lower() in _MACHINES


def assemble(families: tuple[int, ...] = (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK), machine: str = "") -> bytes:
    """The filter, as bwrap's --seccomp and prctl(PR_SET_SECCOMP) take it. Sockets of other `families` are refused.

    Raises KeyError for a machine it has no numbers of: see `supported`."""
    column = _MACHINES[(machine or platform.machine()).lower()]
    code = _Assembler()
    code.load(_ARCH)
    code.unless_equal(_AUDIT_ARCH[column], "refused")
    code.load(_NUMBER)
    if column == 0:
        code.if_at_least(_X32, "refused")
    for numbers in _REFUSED.values():
        if (number := numbers[column]) is not None:
            code.if_equal(number, "refused")
    code.if_equal(_CLONE3[column], "absent")  # its flags are in memory, out of sight: C libraries fall back to clone
    code.if_equal(_CLONE[column], "clone")
    code.if_equal(_SOCKET[column], "socket")
    code.if_equal(_IOCTL[column], "ioctl")
    code.label("allowed")
    code.back(_ALLOW)
    code.label("clone")
    code.load(_ARG0)
    code.only(_NEW_NAMESPACES)
    code.if_equal(0, "allowed_here")
    code.label("refused")
    code.back(_ERRNO | errno.EPERM)
    code.label("absent")
    code.back(_ERRNO | errno.ENOSYS)
    code.label("ioctl")
    code.load(_ARG1)
    code.if_equal(_TIOCSTI, "refused_here")
    code.if_equal(_TIOCLINUX, "refused_here")
    code.label("allowed_here")
    code.back(_ALLOW)
    code.label("socket")
    code.load(_ARG0)
    for family in families:
        code.if_equal(family, "let")
    code.label("refused_here")
    code.back(_ERRNO | errno.EACCES)
    code.label("let")
    code.back(_ALLOW)
    return code.bytes()


class _Assembler:
    """Instructions with labels; classic BPF jumps forward only, at most 255 instructions."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str, str, int]] = []
        self.labels: dict[str, int] = {}

    def label(self, name: str) -> None:
        self.labels[name] = len(self.lines)

    def load(self, offset: int) -> None:
        self.lines.append((_LOAD, "", "", offset))

    def only(self, mask: int) -> None:
        self.lines.append((_AND, "", "", mask))

    def if_equal(self, value: int, target: str) -> None:
        self.lines.append((_JUMP_EQUAL, target, "", value))

    def unless_equal(self, value: int, target: str) -> None:
        self.lines.append((_JUMP_EQUAL, "", target, value))

    def if_at_least(self, value: int, target: str) -> None:
        self.lines.append((_JUMP_AT_LEAST, target, "", value))

    def back(self, value: int) -> None:
        self.lines.append((_RETURN, "", "", value))

    def bytes(self) -> bytes:
        return b"".join(
            struct.pack("<HBBI", code, self._far(at, true), self._far(at, false), value)
            for at, (code, true, false, value) in enumerate(self.lines)
        )

    def _far(self, at: int, target: str) -> int:
        return self.labels[target] - at - 1 if target else 0
