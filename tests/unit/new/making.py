"""What the templates come to, for every combination of options."""

from __future__ import annotations

import itertools
from pathlib import Path

from edk.adapters.files import FileTree
from edk.commands.wiring import BUNDLED
from edk.domain.new_extension import NewExtension
from edk.orchestrator.new import rendered
from edk.orchestrator.scan import TEMPLATES

TEMPLATE_FOLDER = Path(BUNDLED, TEMPLATES)
IMAGE = "ghcr.io/owner/algorithm:1.0"
VARIANTS = tuple(itertools.product((False, True), (False, True), ("", IMAGE)))


def variants(name: str) -> tuple[NewExtension, ...]:
    """Return a new extension of every kind."""
    return tuple(NewExtension(name, gpu, v2, image) for gpu, v2, image in VARIANTS)


def label(extension: NewExtension) -> str:
    """Return what a variant is called in the list of tests."""
    chosen = ("gpu" * extension.gpu, "v2" * extension.v2, "from-image" * bool(extension.from_image))
    return "+".join(word for word in chosen if word) or "default"


def files_of(extension: NewExtension) -> dict[str, str]:
    """Return its files by path."""
    return rendered(FileTree(), BUNDLED, extension)


def write(extension: NewExtension, folder: Path) -> Path:
    """Write its files into a folder, and return that folder."""
    for path, text in files_of(extension).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder
