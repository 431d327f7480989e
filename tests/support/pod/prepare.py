"""What a kubelet does to the volumes of a pod before it mounts them. Runs as root in a container.

Argument: a list, as JSON, of ``{"path", "kind", "group", "once", "read_only", "sub_paths"}``.
"""

import json
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any


def own(path: Path, group: int, read_only: bool) -> None:
    """Give a path to the pod's group, as a kubelet does for fsGroup."""
    os.chown(path, -1, group, follow_symlinks=False)
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return
    mask = 0o440 if read_only else 0o660
    if stat.S_ISDIR(mode):
        mask |= stat.S_ISGID | 0o110
    path.chmod(stat.S_IMODE(mode) | mask)


def belongs(root: Path, group: int) -> bool:
    """Whether a volume looks as if it was given to the group before."""
    found = root.stat()
    return found.st_gid == group and found.st_mode & 0o2770 == 0o2770


def subfolder(root: Path, relative: str) -> None:
    """Make the folder that a subPath names, with the volume's mode; the group comes from the setgid bit."""
    folder = root
    for part in Path(relative).parts:
        folder /= part
        if folder.is_symlink() or not folder.is_dir():
            if folder.exists() or folder.is_symlink():
                return  # a file: it is mounted as it is
            folder.mkdir()
            folder.chmod(stat.S_IMODE(root.stat().st_mode))


def prepare(wanted: dict[str, Any]) -> None:
    """Make one volume ready."""
    root = Path(wanted["path"])
    kind, group = wanted["kind"], wanted["group"]
    if kind == "claim" and not any(root.iterdir()):
        # As a fresh file system is: root's, with a folder that nobody else may read.
        os.chown(root, 0, 0)
        root.chmod(0o755)
        (root / "lost+found").mkdir(mode=0o700)
    if kind in ("emptyDir", "memory"):
        root.chmod(0o777)
    if kind == "files":
        for path in (root, *root.rglob("*")):
            os.chown(path, 0, 0, follow_symlinks=False)
    if group is not None and not (wanted["once"] and belongs(root, group)):
        for folder, folders, files in os.walk(root):
            for name in (".", *folders, *files):
                own(Path(folder, name), group, wanted["read_only"])
    for relative in wanted["sub_paths"]:
        subfolder(root, relative)


def main() -> None:
    """Prepare all, or remove what is below a folder."""
    if sys.argv[1] == "remove":
        for path in Path(sys.argv[2]).iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        return
    for wanted in json.loads(sys.argv[1]):
        prepare(wanted)


if __name__ == "__main__":
    main()
