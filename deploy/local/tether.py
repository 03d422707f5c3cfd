"""Starts a program that cannot outlive the one that started it: `tether.py PARENT SIGNAL USER COMMAND…`.

The kernel sends SIGNAL (a number) to the program when its parent, which must still be process PARENT, ends in
whatever way, SIGKILL included. USER is `-` to stay who one is, a uid, or `uid+` for one who, although
not root, may pass folders that are closed to him: PostgreSQL refuses to run as root, and the
checkout of root's may lie in root's home. Linux only for both; elsewhere the program is merely started.
This file runs by itself, with nothing but the standard library, and becomes the program.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 4
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _become(uid: int, *, passes_folders: bool, libc: ctypes.CDLL) -> None:
    """Give root up for `uid`, keeping, if asked, the one right to pass closed folders."""
    if passes_folders:
        # Without this the rights would go with the uid, and access(2), which initdb asks, would not see them.
        _check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if passes_folders:
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        one = 1 << CAP_DAC_OVERRIDE
        sets = (ctypes.c_uint32 * 6)(one, one, one, 0, 0, 0)  # effective, permitted, inheritable; then the upper halves
        _check(libc.capset(header, sets), "set capabilities")
        _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "raise capability")


def main() -> None:
    """Bind to the parent, then become the program."""
    parent, signal, user, *command = sys.argv[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if user != "-":
            _become(int(user.rstrip("+")), passes_folders=user.endswith("+"), libc=libc)
        _check(libc.prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0), "bind to the parent")
        if os.getppid() != int(parent):  # it ended before the binding stood
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  (to run the given program is what this file is for)


if __name__ == "__main__":
    main()
