"""`edk new`: a new extension, to begin with."""

from __future__ import annotations

import argparse
import json
import os
import shlex

from edk.adapters.whole_folders import write_whole_folder
from edk.commands.notices import Notices
from edk.commands.wiring import BUNDLED, Wired, places_of, settings_of
from edk.domain.errors import EXIT_DONE
from edk.domain.new_extension import NewExtension
from edk.orchestrator.new import NewRequest, NewResult, create_extension
from edk.orchestrator.roots import checked_dir, roots_for
from edk.settings import Settings
from edk.ui.text import safe

SCHEMA = "edk.new/v1"


def run(options: argparse.Namespace) -> int:
    """Write the extension, and say what was written and what to run next."""
    extension = NewExtension(options.name, options.gpu, options.v2, options.from_image)
    settings = settings_of(options)
    parent = _parent(options.dir, settings)
    with Wired(settings, Notices(), "edk new") as services:
        request = NewRequest(extension, parent, roots_for([], places_of(settings)), BUNDLED)
        result = create_extension(services, request, write_whole_folder)
    step = f"edk build --dir {shlex.quote(result.folder)}"
    print(_as_json(extension, result, step) if options.json else _as_text(result, step))  # noqa: T201
    return EXIT_DONE


def _parent(given: str | None, settings: Settings) -> str:
    """Return the folder that the extension goes into."""
    if given is not None:
        return checked_dir(given)
    return checked_dir(settings.extensions_dir if os.path.isdir(settings.extensions_dir) else ".")  # noqa: PTH112


def _as_text(result: NewResult, step: str) -> str:
    lines = [f"{result.folder}: written", *(f"  {file}" for file in result.files), f"next: {step}"]
    return "\n".join(safe(line) for line in lines)


def _as_json(extension: NewExtension, result: NewResult, step: str) -> str:
    value = {
        "schema": SCHEMA,
        "name": extension.name,
        "folder": result.folder,
        "files": result.files,
        "images": extension.images,
        "chart": extension.chart,
        "base": extension.base,
        "next": step,
    }
    return json.dumps(value, indent=2)
