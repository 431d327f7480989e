"""The settings, each with where it comes from, as text and as JSON; secrets masked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from edk.domain.checking.config import CheckRules
from edk.domain.redaction import MASK, Redactor, is_secret_name, secrets_of, without_credentials
from edk.setting_layers import Origins
from edk.setting_names import ENVIRONMENT
from edk.settings import Settings, Sourced
from edk.ui.text import safe

SCHEMA = "edk.config/v1"
LEFT_OUT = frozenset({"jobs_asked", "config_files"})
NAMES = tuple(field.name for field in dataclasses.fields(Settings) if field.name not in LEFT_OUT)
_KINDS = {field.name: str(field.type) for field in dataclasses.fields(Settings)}
_MAPS = frozenset(name for name, kind in _KINDS.items() if kind == "tuple[tuple[str, str], ...]")
_DEFAULT = "default"
MAX_NAME = 24


@dataclass(frozen=True, slots=True)
class ConfigRow:
    """One setting, or one entry of a map or a list.

    Args:
        name: of the setting.
        entry: key of the entry of a map; empty otherwise.
        value: as JSON has it, masked; None: nothing is set.
        origins: of the value; none: it is the default.
    """

    name: str
    entry: str
    value: Any
    origins: Origins


def config_rows(sourced: Sourced, names: Iterable[str] = NAMES) -> tuple[ConfigRow, ...]:
    """Return the settings of these names, maps and joined lists entry by entry."""
    settings = sourced.settings
    mask = Redactor(secrets_of(settings.build_args, settings.proxies))
    return tuple(_masked(row, mask) for name in names for row in _rows(sourced, name))


def _rows(sourced: Sourced, name: str) -> Iterator[ConfigRow]:
    value = getattr(sourced.settings, name)
    origins = sourced.origins.get(name, ())
    if name == "check":
        for rules, found in zip(value, origins, strict=True):
            yield from (ConfigRow(name, entry, text, found) for entry, text in _of_rules(rules))
    elif name == "proxies":
        yield from (ConfigRow(name, key, text, _of_environment(key)) for key, text in value)
    elif name in _MAPS and value:
        yield from (ConfigRow(name, key, text, found) for (key, text), found in zip(value, origins, strict=True))
    elif isinstance(value, tuple) and value and len(origins) == len(value):
        yield from (ConfigRow(name, "", item, found) for item, found in zip(value, origins, strict=True))
    elif isinstance(value, tuple) and value:
        yield from (ConfigRow(name, "", item, origins[0]) for item in value)
    if name == "registry_push" and not value:
        yield ConfigRow(name, "", sourced.settings.push_host, ())
    elif value in ("", ()) or (name == "source_date_epoch" and value < 0):
        yield ConfigRow(name, "", None, origins[0] if origins else ())
    elif not isinstance(value, tuple):
        yield ConfigRow(name, "", value, origins[0] if origins else ())


def _of_rules(rules: CheckRules) -> Iterator[tuple[str, str]]:
    """Yield what one file says of checks, as its keys and texts."""
    if rules.ignore:
        yield "ignore", ", ".join(rules.ignore)
    yield from ((f"severity.{code}", severity) for code, severity in rules.severity)
    yield from ((f"files.{pattern}", ", ".join(codes)) for pattern, codes in rules.files)


def _of_environment(name: str) -> Origins:
    from edk.setting_layers import Origin

    return (Origin("environment", name),)


def _masked(row: ConfigRow, mask: Redactor) -> ConfigRow:
    if not isinstance(row.value, str):
        return row
    secret = row.name == "build_args" and is_secret_name(row.entry)
    return dataclasses.replace(row, value=MASK if secret else without_credentials(mask.text(row.value)))


def config_lines(rows: Iterable[ConfigRow], files: Iterable[str]) -> Iterator[str]:
    """Yield a line for each setting, and for each entry of a map or a list; at the end the files that were read."""
    told = tuple(rows)
    width = max((min(len(_shown(row)), 40) for row in told), default=0)
    before = ""
    for row in told:
        name = row.name if row.name != before else ""
        before = row.name
        yield safe(f"{name:<{MAX_NAME}}  {_shown(row):<{width}}  {_words(row.origins)}")
    yield ""
    yield safe(f"read: {', '.join(files) or 'no edk.yaml'}")


def _shown(row: ConfigRow) -> str:
    value = row.value
    text = "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"{row.entry}: {text}" if row.entry else text


def _words(origins: Origins) -> str:
    if not origins:
        return _DEFAULT
    first, *others = (origin.where for origin in origins)
    return f"{first}, instead of {', '.join(others)}" if others else first


def config_as_json(rows: Iterable[ConfigRow], files: Iterable[str]) -> dict[str, Any]:
    """Return the settings as JSON; see ``docs/configuration.md``."""
    return {"schema": SCHEMA, "settings": [_as_json(row) for row in rows], "files": list(files)}


def _as_json(row: ConfigRow) -> dict[str, Any]:
    origins = [{"kind": origin.kind, "where": origin.where} for origin in row.origins]
    return {
        "name": row.name,
        "entry": row.entry,
        "value": row.value,
        "from": origins[0] if origins else {"kind": _DEFAULT, "where": ""},
        "instead_of": origins[1:],
        "variables": list(ENVIRONMENT.get(row.name, ())),
    }
