"""Reading the course's embedded files, and saying clearly what is wrong with a bad one."""

import hashlib
from pathlib import Path


class DamagedFile(RuntimeError):
    """An embedded file is missing, cut short or changed. The message says how to restore it."""


def verified(path: Path, sha256: str, size: int) -> bytes:
    """Return the bytes of `path` after checking its size and SHA-256.

    Args:
        path: the file to read.
        sha256: expected digest, 64 hexadecimal digits.
        size: expected length in bytes.

    Raises:
        DamagedFile: the file is missing, has another size, or another digest. The message names
            the file, what is wrong with it, and the one command that restores it.
    """
    path = Path(path)
    restore = f"Restore it with: git checkout -- {path}"
    if not path.is_file():
        raise DamagedFile(f"{path.name} is missing. {restore}")
    content = path.read_bytes()
    if len(content) != size:
        raise DamagedFile(
            f"{path.name} has {len(content):,} bytes where {size:,} are expected. {restore}"
        )
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise DamagedFile(
            f"{path.name} is damaged: its SHA-256 is {digest[:12]}…, not {sha256[:12]}…. {restore}"
        )
    return content
