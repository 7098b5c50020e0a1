"""Become another program that the kernel kills when its parent dies, on request as another user.

Run as a script: `python tether.py PARENT_PID USER COMMAND...`, with 0 for no tether and an empty USER for the
present one. The kernel watches the thread that started it, so start it from one that stays. This is not a
`preexec_fn`, because code between fork and exec can deadlock in a process with threads.
"""

import ctypes
import os
import pwd
import signal
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1


def main(parent: int, user: str, command: list[str]) -> None:
    libc = ctypes.CDLL(None)  # before the change of user: the new one may not be able to read it
    if user:
        _become(pwd.getpwnam(user))
    if parent:
        _die_with(parent, libc)
    os.execv(command[0], command)  # noqa: S606 - to become that program is the point


def _die_with(parent: int, libc: ctypes.CDLL) -> None:
    with suppress(AttributeError):  # not Linux: the parent stops its children itself, unless it is killed
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        raise SystemExit(1)


def _become(user: pwd.struct_passwd) -> None:
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
