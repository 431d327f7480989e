"""Which names are litter, and which real files look much like it."""

from __future__ import annotations

import re

import pytest

from edk.domain.litter import LITTER, is_litter, is_litter_path

NAMES = [
    ".mod04.py.swp",
    ".mod04.py.swo",
    ".mod04.py.swx",
    ".swp",
    ".swpx",
    "otsus_method.py~",
    "Dockerfile~",
    ".#otsus_method.py",
    "#otsus_method.py#",
    ".~lock.protocol.odt#",
    ".~training.ipynb",
    ".otsus_method.py.kate-swp",
    "otsus_method.py___jb_tmp___",
    "otsus_method.py___jb_old___",
    "otsus_method.py.vsctmp",
    "otsus_method.py.crswap",
    ".goutputstream-X3PZK2",
    ".syncthing.otsus_method.py.tmp",
    ".nfs000000000a1b2c3d00000001",
    ".fuse_hidden0000a1b200000001",
    ".DS_Store",
]
REAL = [
    "4913",
    "sedation",
    "sedAb12Cd",
    ".env.sample",
    ".env.docker",
    ".env.a1B2c3",
    "model.swp",
    ".config.swift",
    ".swap",
    "~",
    "#",
    "##",
    "#include",
    ".#",
    "~config",
    "file.tmp",
    "x.bak",
    "x.orig",
    ".syncthing.yaml",
    ".nfs",
    ".nfsrc",
    ".goutputstream-lower1",
    "DS_Store",
    "___jb_tmp___",
    ".dockerignore",
    "__pycache__",
    "x.py\n",
]


@pytest.mark.parametrize("name", NAMES)
def test_what_editors_and_tools_leave_is_litter(name: str) -> None:
    """Temporary files of well-known editors and tools are recognised by their exact names."""
    assert is_litter(name)


@pytest.mark.parametrize("name", REAL)
def test_what_may_be_real_is_not(name: str) -> None:
    """A name that somebody may have meant is no litter, even where a tool uses the like."""
    assert not is_litter(name)


@pytest.mark.parametrize(("names", "reason"), LITTER)
def test_each_kind_of_litter_has_an_example_of_its_own(names: str, reason: str) -> None:
    """Each kind is tried by a name that no other kind covers."""
    others = [other for other, _ in LITTER if other != names]
    own = [n for n in NAMES if re.fullmatch(names, n) and not any(re.fullmatch(other, n) for other in others)]

    assert own, reason


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/x/.git/index.lock", True),
        ("/x/.git/refs/heads/main.lock", True),
        ("/x/.git/index", False),
        ("/x/.git/HEAD", False),
        ("/x/poetry.lock", False),
        ("/x/.gitlab/y.lock", False),
        ("/x/a~/b.py", False),
        ("/x/b.py~", True),
    ],
)
def test_a_path_is_litter_by_its_last_name_or_as_a_lock_of_git(path: str, expected: bool) -> None:
    """Folders are never litter, nor are lock files that are part of a project."""
    assert expected == is_litter_path(path)
