"""Which file systems are polled."""

from __future__ import annotations

import pytest

from edk.adapters.watching.mounts import Mount, mount_of, parse_mounts, untold_below

MOUNTINFO = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
41 27 0:38 / /srv/team rw,relatime shared:7 master:1 - nfs4 server:/export rw,vers=4.2
42 27 254:0 /data /srv/team/local rw,relatime shared:1 - ext4 /dev/vda rw
43 27 0:40 / /srv/with\040blank\134x rw - fuse.sshfs me@there: rw
44 27 0:41 / /over rw - ext4 /dev/vdb rw
45 27 0:42 / /over rw - overlay overlay rw,lowerdir=/a:/b
garbage
46 27 0:43 / /short
"""


@pytest.mark.parametrize(
    ("path", "kind", "is_untold"),
    [
        ("/srv", "ext4", False),
        ("/srv/team", "nfs4", True),
        ("/srv/team/a/b", "nfs4", True),
        ("/srv/teams", "ext4", False),
        ("/srv/team/local/x", "ext4", False),
        ("/srv/with blank\\x/y", "fuse.sshfs", True),
        ("/over/x", "overlay", True),
        ("/proc/self", "proc", False),
    ],
)
def test_the_mount_of_a_path(path: str, kind: str, is_untold: bool) -> None:
    """The deepest mount holds a path, the last one where several are mounted on each other."""
    mount = mount_of(path, parse_mounts(MOUNTINFO))

    assert mount is not None
    assert (kind, is_untold) == (mount.kind, mount.is_untold)


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "overlay", "vboxsf", "virtiofs", "fuse", "fuse.x"]
)
def test_kinds_that_do_not_tell(kind: str) -> None:
    """Remote file systems, overlays and FUSE don't tell of every change."""
    assert Mount("/x", kind).is_untold


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "zfs", "fuseblk", "fusectl"])
def test_kinds_that_tell(kind: str) -> None:
    """Local file systems tell of every change."""
    assert not Mount("/x", kind).is_untold


def test_mounts_below_a_folder() -> None:
    """Mount points below a folder are found, without itself and local ones."""
    mounts = parse_mounts(MOUNTINFO)

    assert {"/srv/team", "/srv/with blank\\x"} == set(untold_below("/srv", mounts))
    assert {} == untold_below("/srv/team", mounts)


@pytest.mark.parametrize(
    ("kind", "reason"), [("nfs4", "an nfs4 mount"), ("cifs", "a cifs mount"), ("overlay", "an overlay mount")]
)
def test_reasons(kind: str, reason: str) -> None:
    """The reason names the file system."""
    assert reason == Mount("/x", kind).reason


def test_nothing_known() -> None:
    """Without any mounts known nothing is polled."""
    assert mount_of("/x", ()) is None
    assert {} == untold_below("/", ())
