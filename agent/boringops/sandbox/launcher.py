"""Becomes the confined parent of a command: `python -I -S launcher.py DESCRIPTOR COMMAND...`.

Runs as a file, with nothing but the standard library: each import costs every command. Descendants that leave the
process group come back to it as their subreaper, and end when the command ends or it is told to.
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 22, 36, 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF, PATH_BENEATH = 444, 445, 446, 1
CANNOT_START = 126
GRACE_S = 1.0

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def confine(spec: dict) -> None:  # type: ignore[type-arg]
    """Everything that cannot be taken back, for this process and all it will start. Raises OSError."""
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # the last one the kernel knows, or not ours to drop
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    attributes = struct.pack("=QQQ", *spec["handled"])[: spec["size"]]
    ruleset = checked(libc.syscall(CREATE_RULESET, attributes, len(attributes), 0), "landlock")
    for path, access in spec["rules"]:
        try:
            at = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # gone, or not to be reached: then it needs no grant
        checked(libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", access, at), 0), f"landlock: {path}")
        os.close(at)
    checked(libc.syscall(RESTRICT_SELF, ruleset, 0), "landlock")
    os.close(ruleset)
    for name, most in spec["limits"].items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    header, none = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    checked(libc.capset(header, none), "capabilities")
    code = bytes.fromhex(spec["seccomp"])
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(kept))
    checked(libc.prctl(PR_SET_SECCOMP, 2, program, 0, 0), "seccomp")


def descendants(of: int) -> list[int]:
    """Every process that this one started, or that came back to it as its subreaper."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208
        if entry.isdigit():
            try:
                parents[int(entry)] = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
    mine = {of}
    while found := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= found
    return sorted(mine - {of})


def end_all() -> None:
    """Kill until none is left: a process that forks meanwhile leaves children for the next round."""
    while left := descendants(os.getpid()):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return


def main() -> int:
    descriptor = int(sys.argv[1])
    with os.fdopen(descriptor) as file:
        spec = json.load(file)
    told: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        if not told:  # the command has the signal as well: it is in the same group. It may tidy up for a moment.
            signal.setitimer(signal.ITIMER_REAL, GRACE_S)
        told.append(number)

    parent = os.getppid()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGALRM, 0, 0, 0)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGALRM, lambda *_: end_all())
    if os.getppid() != parent:
        return CANNOT_START
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            confine(spec)
            os.execvpe(sys.argv[2], sys.argv[2:], os.environ)  # noqa: S606 - the command, as it was asked for
        except OSError as error:
            print(f"boringops: the command could not be confined and was not run: {error}", file=sys.stderr)
        os._exit(CANNOT_START)
    # Waited for, not reaped: until the others have ended its id must stay its own.
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    status = os.waitpid(child, 0)[1]
    end_all()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
