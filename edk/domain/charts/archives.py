"""Chart archives as bytes: the same files always give the same bytes.

Members are sorted, without times, owners and modes of their own, so that an unchanged chart is an unchanged
archive. helm's own archives carry the time of packaging, so these are written anew from what they hold.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping

from edk.domain.errors import ChartError

ARCHIVE_LIMIT = 100 * 1024 * 1024
FILE_LIMIT = 5 * 1024 * 1024


def write_archive(name: str, files: Mapping[str, bytes]) -> bytes:
    """Return a gzipped tar that helm takes as a chart archive.

    Args:
        name: of the chart; every member stands below a folder of this name.
        files: content by path relative to the chart's folder. ``Chart.yaml`` comes first, as helm has it.
    """
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files, key=lambda path: (path != "Chart.yaml", path)):
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(files[path])
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(files[path]))
    return gzip.compress(plain.getvalue(), 9, mtime=0)


def read_archive(content: bytes, file: str) -> tuple[str, dict[str, bytes]]:
    """Return the chart's folder name and its files; nothing is written to disk.

    Args:
        content: of a ``.tgz``.
        file: its path, for the error.

    Raises:
        ChartError: it is no chart archive, or larger than helm takes.
    """
    files: dict[str, bytes] = {}
    names: set[str] = set()
    try:
        plain = zlib.decompressobj(wbits=31).decompress(content, ARCHIVE_LIMIT + 1)
        if len(plain) > ARCHIVE_LIMIT:
            raise ChartError(f"{file}: more than {ARCHIVE_LIMIT} bytes when unpacked", "Make the chart smaller")
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isreg() else None
                if stream is not None:
                    top, _, path = member.name.partition("/")
                    names.add(top)
                    files[path] = stream.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise ChartError(f"{file}: no chart archive: {error}", "Package it anew") from error
    if len(names) != 1 or "Chart.yaml" not in files:
        raise ChartError(f"{file}: no chart archive: one folder with a Chart.yaml is needed", "Package it anew")
    return names.pop(), files
