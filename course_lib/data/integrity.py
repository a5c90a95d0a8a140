"""Reading the course's embedded files, and saying clearly what is wrong with a bad one."""

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # the course's folder; in an installed copy, pip's


class DamagedFile(RuntimeError):
    """An embedded file is missing, cut short or changed. The message says how to restore it."""


def cure(path: Path) -> str:
    """Return the sentence that says how to restore a file; its command works from any folder.

    Git restores what it tracks, which is the course in a clone. It does not know a copy that pip
    installed, a ZIP file that somebody unpacked, or the folder of one's own training. Paths stand
    in double quotes, which every shell takes.
    """
    path = Path(path).resolve()
    if not path.is_relative_to(ROOT / "course_lib"):
        return "It is not one of the course's files: write it again in the way it was written."
    if (ROOT / ".git").exists():
        name = path.relative_to(ROOT).as_posix()
        return f'Restore it with: git -C "{ROOT}" checkout -- "{name}"'
    if (ROOT / "pyproject.toml").exists():
        return f'Restore it by unpacking the ZIP file of the course into "{ROOT}" again.'
    return (
        "Restore it by installing the course again. In the folder from which it was installed run: "
        "pip install --force-reinstall --no-deps ."
    )


def verified(path: Path, sha256: str, size: int) -> bytes:
    """Return the bytes of `path` after checking its size and SHA-256.

    Args:
        path: the file to read.
        sha256: expected digest, 64 hexadecimal digits.
        size: expected length in bytes.

    Raises:
        DamagedFile: the file is missing, has another size, or another digest. The message names
            the file, what is wrong with it, and how to restore it.
    """
    path = Path(path)
    if not path.is_file():
        raise DamagedFile(f"{path.name} is missing. {cure(path)}")
    content = path.read_bytes()
    if len(content) != size:
        raise DamagedFile(
            f"{path.name} has {len(content):,} bytes where {size:,} are expected. {cure(path)}"
        )
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise DamagedFile(
            f"{path.name} is damaged: its SHA-256 is {digest[:12]}…, not {sha256[:12]}…. "
            f"{cure(path)}"
        )
    return content
