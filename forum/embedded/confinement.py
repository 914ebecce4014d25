"""Whom the servers run as, and how they die with their supervisor.

Postgres refuses to run as root. As root the servers therefore run as an unprivileged account: the one that owns the
cluster already, else `forum` or `postgres` where there is such a user, else `nobody`. Where that account cannot reach
the data folder (a home of mode 0700, say), no mode of a folder is changed: the servers keep one capability, to search
folders that are not theirs.

Trap: the kernel forgets the parent-death signal when credentials change, so it is set after that, and only then is it
asked whether the parent still lives.
"""

import ctypes
import os
import pwd
import signal
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from forum.embedded.folder import EmbeddedError

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 4
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAP_SETPCAP = 8

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Account:
    """Whom servers run as. `drops` is False where that is who we are already."""

    uid: int
    gid: int
    drops: bool
    capability: int | None = None
    """What the account keeps of root's power to reach the data folder; None: nothing."""

    def own(self, *paths: Path) -> None:
        """Makes these files or folders the account's."""
        if self.drops:
            for path in paths:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def enter(self, death_signal: signal.Signals) -> Callable[[], None]:
        """What a child runs between fork and exec: becomes the account, and asks to be told of its parent's death."""
        parent = os.getpid()
        header, rights = _capability_words(self.capability)

        def entering() -> None:
            if self.drops:
                if self.capability is not None:  # access(2) forgets capabilities too, unless told not to
                    _must(_libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
                os.setgroups([])
                os.setresgid(self.gid, self.gid, self.gid)
                os.setresuid(self.uid, self.uid, self.uid)
                _must(_libc.capset(header, rights))
                if self.capability is not None:
                    _must(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, self.capability, 0, 0))
            die_with_parent(parent, death_signal)

        return entering


def die_with_parent(parent: int, death_signal: signal.Signals) -> None:
    """Asks the kernel for `death_signal` when the thread that started this process ends; ends now if `parent` is
    gone.
    """
    _must(_libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
    if os.getppid() != parent:
        os._exit(1)


def choose_account(data: Path, cluster: Path) -> Account:
    """Whom servers run as that keep their files in `data`; `cluster` is where Postgres' own would be.

    Raises EmbeddedError where there is nobody to be.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), drops=False)
    user = _user(cluster)
    if _reachable(data, user.pw_uid, user.pw_gid):
        return Account(user.pw_uid, user.pw_gid, drops=True)
    held = _effective_capabilities()
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):  # the smaller power first; containers often lack it
        if held & 1 << capability and held & 1 << _CAP_SETPCAP:
            return Account(user.pw_uid, user.pw_gid, drops=True, capability=capability)
    raise EmbeddedError(
        f"Postgres does not run as root, and the user {user.pw_name!r} cannot reach {data}: set FORUM_DATA to a folder "
        "that this user can reach, or start as another user."
    )


def _user(cluster: Path) -> pwd.struct_passwd:
    if cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            raise EmbeddedError(
                f"{cluster} belongs to user {owner}, who has no name on this machine: add that user."
            ) from None
    for name in ("forum", "postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedError(
        "Postgres does not run as root, and there is no user 'nobody' to run it as: add a user named 'forum'."
    )


def _reachable(path: Path, uid: int, gid: int) -> bool:
    return all(_searchable(folder.stat(), uid, gid) for folder in (path, *path.parents))


def _searchable(status: os.stat_result, uid: int, gid: int) -> bool:
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _effective_capabilities() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))


def _capability_words(capability: int | None) -> tuple[ctypes.Array[ctypes.c_uint32], ctypes.Array[ctypes.c_uint32]]:
    """The two arguments of capset(2): header, then (effective, permitted, inheritable) for each half of the 64."""
    mask = 0 if capability is None else 1 << capability
    return _words([_CAPABILITY_VERSION_3, 0]), _words([mask, mask, mask, 0, 0, 0])


def _words(values: Iterable[int]) -> ctypes.Array[ctypes.c_uint32]:
    values = list(values)
    return (ctypes.c_uint32 * len(values))(*values)


def _must(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
