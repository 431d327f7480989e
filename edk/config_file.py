"""Configuration files: ``edk.yaml`` as values, and text as the kind of value that a setting is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edk.domain.errors import UsageError

if TYPE_CHECKING:
    import yaml

    from edk.domain.checking.config import CheckRules

MAX_CONFIG_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What one file says.

    Args:
        values: settings by field.
        lines: of each field.
        entries: of each field that is a map or a list, the lines of its entries.
    """

    values: Mapping[str, Any]
    lines: Mapping[str, int]
    entries: Mapping[str, tuple[int, ...]]


def read_config(path: str, kinds: Mapping[str, str]) -> ConfigFile | None:
    """Return one file's settings, None if there is no such file.

    Args:
        path: of the file.
        kinds: field → its type as text, see `CONVERTERS`; other keys are errors.

    Raises:
        UsageError: it can't be read, is no YAML, or holds an unknown key or a value of another kind.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            raise UsageError(f"{path} is no regular file", "make it one, or remove it")
        with open(path, "rb") as file:  # noqa: PTH123
            content = file.read(MAX_CONFIG_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "make the file readable, or remove it") from error
    if len(content) > MAX_CONFIG_BYTES:
        raise UsageError(f"{path} is larger than {MAX_CONFIG_BYTES} bytes", "it is not a configuration file")
    return _parse_config(path, content, kinds)


def _parse_config(path: str, content: bytes, kinds: Mapping[str, str]) -> ConfigFile:
    import yaml

    try:
        # Not the loader in C: it overflows the stack of the process where values are nested deeply.
        loader = yaml.SafeLoader(content)
        node = loader.get_single_node()
        document = None if node is None else loader.construct_document(node)
    except RecursionError as error:
        raise UsageError(f"{path}:1: values are nested too deeply", "see docs/configuration.md") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise UsageError(
            f"{path}:{line}: not valid YAML: {getattr(error, 'problem', None) or error}", "mend this line"
        ) from error
    if document is None:
        return ConfigFile({}, {}, {})
    if not isinstance(document, dict) or node is None:
        raise UsageError(f"{path}:1: expected keys and values", "see docs/configuration.md")
    # By the place in the file, not by the text of the line: a map's own key may be called as a setting is.
    lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    nodes = {str(key.value): value for key, value in node.value}
    values, entries = {}, {}
    for key, value in document.items():
        where = f"{path}:{lines.get(str(key), 1)}"
        if key not in kinds:
            import difflib

            near = difflib.get_close_matches(str(key), sorted(kinds), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "see docs/configuration.md for the keys"
            raise UsageError(f"{where}: unknown key {key!r}", hint)
        values[key] = convert(kinds[key], value, f"{where}: {key}")
        entries[key] = _entry_lines(nodes[key], value)
    return ConfigFile(values, lines, entries)


def _entry_lines(node: yaml.Node, value: object) -> tuple[int, ...]:
    """Return the line of each entry of a map or a list, from the node that it was made of."""
    if isinstance(value, dict):
        keys = {key.value: key.start_mark.line + 1 for key, _ in node.value}
        return tuple(keys.get(key, node.start_mark.line + 1) for key in value)
    return tuple(item.start_mark.line + 1 for item in node.value) if isinstance(value, list) else ()


def convert(kind: str, value: object, where: str) -> object:
    """Return a value as a setting of this kind wants it; raise UsageError naming where it came from."""
    try:
        return CONVERTERS[kind](value)
    except ValueError as error:
        raise UsageError(f"{where}: {error}", "see docs/configuration.md") from error


def _to_str(value: object) -> str:
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("expected text, not half of a surrogate pair")
    if isinstance(value, float):
        # YAML read 0.60 as a number, and the 0 is gone for ever.
        raise ValueError(f"expected text, not the number {value!r}; write it in quotes")
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"expected text, not {value!r}")


def _to_int(value: object) -> int:
    try:
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return int(value)
    except ValueError:
        pass
    raise ValueError(f"expected a whole number, not {value!r}")


def _to_seconds(value: object) -> float:
    try:
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and 0 <= float(value) <= 60:
            return float(value)
    except ValueError:
        pass
    raise ValueError(f"expected seconds between 0 and 60, not {value!r}")


def _to_bool(value: object) -> bool:
    known = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    result = known.get(str(value).lower())
    if result is None:
        raise ValueError(f"expected true or false, not {value!r}")
    return result


def _to_list(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError(f"expected a list of texts, not {value!r}")


def _to_map(value: object) -> tuple[tuple[str, str], ...]:
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return tuple((key, _to_str(item)) for key, item in value.items())
    raise ValueError(f"expected keys and texts, not {value!r}")


def _to_check(value: object) -> tuple[CheckRules, ...]:
    """Return what stands below ``check``: ``ignore``, ``severity`` and ``files``."""
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise ValueError(f"expected ignore, severity and files, not {value!r}")
    for key in value:
        _known(key, ("ignore", "severity", "files"), "key")
    severities, files = value.get("severity") or {}, value.get("files") or {}
    if not isinstance(severities, dict) or not isinstance(files, dict):
        raise ValueError("severity and files are keys and values")
    for severity in severities.values():
        _known(severity, ("error", "warning", "info"), "severity")
    from edk.domain.checking.config import CheckRules

    return (
        CheckRules(
            _codes(value.get("ignore") or []),
            tuple(zip(_codes(list(severities)), severities.values(), strict=True)),
            tuple((str(pattern), _codes(codes)) for pattern, codes in files.items()),
        ),
    )


def _codes(value: object) -> tuple[str, ...]:
    from edk.domain.codes import KNOWN, nearest

    codes = _to_list(value)
    for code in codes:
        if code not in KNOWN:
            near = nearest(code)
            raise ValueError(f"unknown code {code!r}" + (f", did you mean {near!r}?" if near else ""))
    return codes


def _known(word: object, known: Sequence[str], what: str) -> None:
    if word not in known:
        import difflib

        near = difflib.get_close_matches(str(word), known, n=1)
        raise ValueError(f"unknown {what} {word!r}" + (f", did you mean {near[0]!r}?" if near else ""))


CONVERTERS: dict[str, Callable[[object], object]] = {
    "str": _to_str,
    "ReferenceMode": _to_str,
    "int": _to_int,
    "float": _to_seconds,
    "bool": _to_bool,
    "tuple[str, ...]": _to_list,
    "tuple[tuple[str, str], ...]": _to_map,
    "tuple[CheckRules, ...]": _to_check,
}
