"""Where things lie in the data folder, and the locks on it.

supervisor.lock             held by the supervisor
postgres.lock valkey.lock   inherited by the server: free when its last process has gone
run/                        sockets; a link to a folder under the system's temporary one where the path would be
                            too long
servers.log                 what the supervisor and the servers say
postgres-18/data            the cluster, beside the binaries that wrote it (postgres-18/18.6.3, so that these can
                            be asked to dump or upgrade it when a later release brings another major version)
postgres-18/passwords.json  of its three roles
valkey-9/                   binaries
"""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MIN_FREE_BYTES = 500 * 1024 * 1024
SOCKET_MAX_BYTES = 90
"""The kernel takes 107; the rest is for the names that servers make out of ours."""
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"


class EmbeddedError(Exception):
    """The embedded servers cannot be had. Its text is one sentence for the operator: what is wrong, and what to do."""


def disk_is_low(folder: Path) -> bool:
    """Whether the disk under `folder` has less room than Postgres should be left with."""
    return shutil.disk_usage(folder).free < MIN_FREE_BYTES


def take_lock(path: Path, timeout_s: float, give_up: Callable[[], bool] = lambda: False) -> int | None:
    """An open descriptor that holds the lock on `path`; None when it was not to be had in time, or when `give_up`
    says so.

    The lock belongs to the descriptor and all its copies: a process that inherits it keeps it until it ends.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline or give_up():
                os.close(descriptor)
                return None
            time.sleep(0.02)
        else:
            return descriptor


def socket_folder(data: Path) -> Path:
    """Where the sockets are now, without links (a socket's path counts as it is given)."""
    return (data / "run").resolve()


def make_socket_folder(data: Path, uid: int, gid: int) -> Path:
    """Makes the folder of the sockets, closed to everybody but `uid`, and empties it of what a killed server left."""
    run = data / "run"
    target = _usable_target(run, {uid, os.geteuid()})
    if target is None:
        if run.is_symlink():
            run.unlink()  # not what it leads to, which may be anybody's
        elif run.exists():
            shutil.rmtree(run)
        if len(os.fsencode(run / LONGEST_SOCKET_NAME)) <= SOCKET_MAX_BYTES:
            run.mkdir(mode=0o700)
            target = run
        else:
            target = _temporary_folder()
            run.symlink_to(target, target_is_directory=True)
    for left in target.iterdir():
        left.unlink()
    os.chown(target, uid, gid)
    return target


def remove_socket_folder(data: Path, target: Path) -> None:
    """Takes away what `make_socket_folder` made and returned."""
    shutil.rmtree(target, ignore_errors=True)
    if (data / "run").is_symlink():
        (data / "run").unlink()


def _usable_target(run: Path, owners: set[int]) -> Path | None:
    """The folder that stands from last time, if nobody else made or opened it."""
    target = run.resolve()
    try:
        status = target.lstat()
    except FileNotFoundError:
        return None
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid in owners and not status.st_mode & 0o077
    short = len(os.fsencode(target / LONGEST_SOCKET_NAME)) <= SOCKET_MAX_BYTES
    return target if ours and short else None


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="forum-"))
    if len(os.fsencode(folder / LONGEST_SOCKET_NAME)) > SOCKET_MAX_BYTES:  # a long TMPDIR
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="forum-", dir="/tmp"))  # mkdtemp makes it 0700, under a name of chance
    return folder
