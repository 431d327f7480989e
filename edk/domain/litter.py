"""Litter: files that editors and tools put beside the real ones for a moment, and that nobody means to ship.

What is litter never counts for a context, a fingerprint or a batch of saves, so a name is only listed where no
file that anybody means to have is called that. Where a tool's names can be real ones, they are *not* listed: vim's
probe ``4913`` and numbered images look alike, as do rsync's ``.env.a1B2c3`` and ``.env.sample``, or sed's
``sedXXXXXX`` and ``sedation``. Those come and go within one batch, and comparing content drops them.
"""

from __future__ import annotations

import re

SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})
"""No walk looks into folders of these names."""

# (names, whose they are and what for)
LITTER: tuple[tuple[str, str], ...] = (
    (r"\.(.+\.)?sw([m-p]|x|px)", "vim and nano: swap file of an open file, and the probe for one"),
    (r".+~", "vim, emacs, gedit, nano, kate: the file as it was before the save"),
    (r"\.#.+", "emacs: lock, a link that leads nowhere"),
    (r"#.+#", "emacs: what was typed and not saved yet"),
    (r"\.~.+", "LibreOffice: lock; Jupyter: the notebook while it is being saved"),
    (r"\..+\.kate-swp", "kate: swap file of an open file"),
    (r".+___jb_(tmp|old)___", "JetBrains: the new file before it is moved in place, the old one after"),
    (r".+\.vsctmp", "VS Code: the new file before it is moved in place"),
    (r".+\.crswap", "Chromium: the new file before it is moved in place, where an editor runs as a page"),
    (r"\.goutputstream-[A-Z0-9]{6}", "GLib (gedit and others): the new file before it is moved in place"),
    (r"\.syncthing\..+\.tmp", "Syncthing: a file that is being received"),
    (r"\.nfs[0-9a-f]{16,24}", "NFS: a deleted file that somebody still has open"),
    (r"\.fuse_hidden[0-9a-f]{16}", "FUSE: a deleted file that somebody still has open"),
    (r"\.DS_Store", "macOS: how a folder's window looks"),
)
_NAMES = re.compile("|".join(names for names, _ in LITTER), re.DOTALL)


def is_litter(name: str) -> bool:
    """Tell whether a file or link of this name is litter; a folder never is.

    Args:
        name: without its folder.
    """
    return _NAMES.fullmatch(name) is not None


def is_litter_path(path: str) -> bool:
    """Tell whether the file at a path is litter, or a lock that git holds while it works.

    Args:
        path: with ``/``, absolute.
    """
    return is_litter(path.rpartition("/")[2]) or (is_git_path(path) and path.endswith(".lock"))


def is_git_path(path: str) -> bool:
    """Tell whether a path is below git's own folder.

    Args:
        path: with ``/``, absolute.
    """
    return "/.git/" in path
