"""Sources: the files that the operator names, looked at before anything is stored.

Invariants: nothing that is read is written to; nothing compressed is taken for text; of a folder each file is either
chosen or told of.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_COMPRESSED = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd",
}  # fmt: skip


class SourceError(Exception):
    """What was named cannot be imported. Its text is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What an import reads: `files`, sorted, all below `root`; and what it leaves out, each with the reason."""

    root: Path
    files: tuple[Path, ...]
    left_out: tuple[tuple[str, str], ...]

    def label(self, file: Path) -> str:
        """How people are told of one of the files."""
        return file.relative_to(self.root).as_posix()

    def total_bytes(self) -> int:
        """How much there is to read."""
        return sum(file.stat().st_size for file in self.files)


def choose(path: Path, is_wanted: Callable[[Path], bool], full_list: Path | None = None) -> Sources:
    """The file itself, whatever it is called; of a folder all files below that are wanted.

    Raises SourceError where the file is compressed or none, and where `full_list`, to which the report will be written,
    is one of the files; OSError where something cannot be read.
    """
    path.stat()  # raises where nothing is there
    if path.is_dir():
        sources = _choose_below(path, is_wanted)
    elif not path.is_file():
        raise SourceError(f"{path} is neither a file nor a folder.")
    elif packer := _packer(path):
        raise SourceError(f"{path} is compressed ({packer}): unpack it first.")
    else:
        sources = Sources(path.parent, (path,), ())
    if full_list is not None and full_list.exists() and any(full_list.samefile(file) for file in sources.files):
        raise SourceError(f"The report would be written over {full_list}, which is to be imported: name another file.")
    return sources


def _choose_below(folder: Path, is_wanted: Callable[[Path], bool]) -> Sources:
    files: list[Path] = []
    left_out: list[tuple[str, str]] = []
    for file in sorted(found for found in folder.rglob("*") if found.is_file()):
        if packer := _packer(file):
            left_out.append((file.relative_to(folder).as_posix(), f"a compressed file ({packer}): unpack it first"))
        elif is_wanted(file):
            files.append(file)
        else:
            left_out.append((file.relative_to(folder).as_posix(), "a file of another kind"))
    return Sources(folder, tuple(files), tuple(left_out))


def _packer(file: Path) -> str | None:
    """What a file was compressed with."""
    with file.open("rb") as stream:
        begins = stream.read(8)
    return next((packer for magic, packer in _COMPRESSED.items() if begins.startswith(magic)), None)
