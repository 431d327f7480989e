"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_whole(path: str, content: bytes, mode: int = 0o644, *, lasting: bool = True) -> None:
    """Put a file in place in one step; a reader sees the old one or the new one, and never a part.

    Folders above are made as needed. Raises OSError as the system does, and leaves nothing behind then.
    With `lasting`, it is on the disk on return; without, a power cut may take it back, which saves a wait for the disk.
    """
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=f".{Path(path).name}.", suffix=".partial", dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(content)
            stream.flush()
            if lasting:
                os.fsync(stream.fileno())
        Path(partial).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(partial).unlink()
        raise
