"""Variables of a Dockerfile: what has which value where, and what may come from a base image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edk.domain.dockerfile.shell import WordLexer, is_plain

_NOT_UTF8 = re.compile("[\udc80-\udcff]")
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Expanded:
    """A word expanded.

    Args:
        text: the result.
        exact: False if the base image could have changed it.
        unset: variables that had no value.
    """

    text: str
    exact: bool = True
    unset: tuple[str, ...] = ()


@dataclass(slots=True)
class Scope:
    """Variables at a place of a Dockerfile; grows while the instructions are walked.

    Args:
        escape: the Dockerfile's escape character.
        values: of ARG and ENV, the later one over the earlier one.
        env: of ENV alone: a child stage begins with them on top.
        open: whether an image may have set further variables.
        inexact: names whose value depends on such a variable.
    """

    escape: str
    values: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    open: bool = False
    inexact: set[str] = field(default_factory=set)

    def child(self) -> Scope:
        """Return the scope with which a stage begins that is built from this one."""
        return Scope(self.escape, {**self.values, **self.env}, dict(self.env), self.open, set(self.inexact))

    def expand(self, word: str) -> Expanded:
        """Expand a word.

        Raises:
            ShellError: where the engine would refuse.
        """
        if is_plain(word):
            return Expanded(word)
        lexer = WordLexer(word, self.values, self.escape)
        text = _NOT_UTF8.sub("\ufffd", lexer.expand())
        exact = not (self.open and lexer.unmatched) and self.inexact.isdisjoint(lexer.matched)
        return Expanded(text, exact, tuple(sorted(lexer.unmatched)))

    def set(self, name: str, value: Expanded, *, env: bool) -> None:
        """Give a variable a value, by ENV or else by ARG."""
        self.values[name] = value.text
        if env:
            self.env[name] = value.text
        if value.exact:
            self.inexact.discard(name)
        else:
            self.inexact.add(name)


def platform_args(platform: str, build_platform: str, target: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the ARGs that BuildKit declares itself before the first FROM; `given` overrides them."""
    out: dict[str, str] = {}
    for prefix, value in (("BUILD", build_platform), ("TARGET", platform)):
        system, architecture, variant = _platform(value)
        out[f"{prefix}PLATFORM"] = "/".join(filter(None, (system, architecture, variant)))
        out[f"{prefix}OS"] = system
        out[f"{prefix}OSVERSION"] = ""
        out[f"{prefix}ARCH"] = architecture
        out[f"{prefix}VARIANT"] = variant
    out["TARGETSTAGE"] = target or "default"
    return {name: given.get(name, value) for name, value in out.items()}


def _platform(value: str) -> tuple[str, str, str]:
    parts = [*value.lower().split("/"), "", ""]
    system, architecture, variant = parts[0] or "linux", parts[1] or "amd64", parts[2]
    architecture = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}.get(
        architecture, architecture
    )
    if architecture == "arm":
        variant = variant or "v7"
    if architecture == "arm64" and variant in ("8", "v8"):
        variant = ""
    return system, architecture, variant
