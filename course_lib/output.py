"""Where the files go that a reader makes, and what is said where one cannot be written.

A relative path is meant from the folder of the notebook. The environment variable COURSE_OUTPUT
puts another folder in its place, for a class that shares one copy of the course which nobody may
write.
"""

import errno
import filecmp
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

SETTING = "COURSE_OUTPUT"
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EEXIST: "a file has the name of its folder",
    errno.ENOTDIR: "a file has the name of its folder",
    errno.EISDIR: "a folder has its name",
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
    errno.EROFS: "you may not write there",
}


class NotWritten(OSError):
    """A file that cannot be written. A notebook shows the sentences, and no traceback.

    Attributes:
        reason: why, in words.
        said: what cannot be written, and why, as a sentence without its full stop.
    """

    def __init__(self, path: Path | str, error: OSError):
        self.reason = why(error)
        self.said = f"“{path}” cannot be written: {self.reason}"
        super().__init__(
            f"{self.said}. Save elsewhere: give another folder, or run "
            f"%env {SETTING}=~/course in a cell, and then the notebook from its first cell."
        )
        self.errno = error.errno

    def __str__(self) -> str:  # that of an OSError would begin with a number
        return str(self.args[0])

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows in place of a traceback."""
        return [str(self)]


def why(error: OSError) -> str:
    """Return why something cannot be written, in words."""
    if isinstance(error, NotWritten):
        return error.reason
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


def place(path: Path | str) -> Path:
    """Return where a file or a folder belongs: a relative path is in COURSE_OUTPUT, where set."""
    own = os.environ.get(SETTING, "").strip()
    return Path(own).expanduser().absolute() / path if own else Path(path)


def unused(folder: Path, name: str, suffix: str = "") -> Path:
    """Return the first of name-001, name-002 … in a folder that does not exist yet.

    Whatever saves asks here. The number of files in the folder is no free number: whoever deletes
    the first of three files would lose the third.
    """
    paths = (folder / f"{name}-{number:03d}{suffix}" for number in count(1))
    return next(path for path in paths if not path.exists())


@contextmanager
def explained(path: Path | str) -> Iterator[None]:
    """Run a block that writes `path`; what goes wrong is raised as `NotWritten`.

    Raises:
        NotWritten: there was an OSError in the block.
    """
    try:
        yield
    except NotWritten:
        raise
    except OSError as error:
        raise NotWritten(path, error) from error


@contextmanager
def writing(path: Path | str, keep: bool = True) -> Iterator[Path]:
    """Make a file's folder, and yield where to write the file; afterwards it stands at `path`.

    The file is moved there whole. Where something fails, an older file stays as it was, and no
    half of a file takes room on a full disk.

    Args:
        path: the file. An older one with other content, whoever wrote it, goes into the folder
            `older` beside it, under a free name.
        keep: False replaces an older file: for what only the course reads, such as a checkpoint.

    Raises:
        NotWritten: the file or its folder cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            if keep and path.is_file() and not filecmp.cmp(path, partial, shallow=False):
                older = path.parent / "older"
                older.mkdir(exist_ok=True)
                path.rename(unused(older, path.stem, path.suffix))
            os.replace(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
