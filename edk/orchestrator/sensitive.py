"""Looks into the files of build contexts for what must not be pushed unnoticed: patients' images, keys, passwords.

A file's content is looked at once ever. What was found in a context is remembered by its fingerprint, so that a plan
of an unchanged tree asks the state one question in all; behind that, which contents of a target's context have been
looked at, so that after a save only the new ones are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from edk.domain.codes import files as codes
from edk.domain.codes.dockerfiles import SECRET_VALUE
from edk.domain.diagnostics import Diagnostic
from edk.domain.files import ContextFile
from edk.domain.plan import Prepared
from edk.domain.sensitive import HEAD, MORE, NAMES, PATIENT, allowed, listed, matters, worth_a_look
from edk.domain.workspace import LocatedDiagnostic, Target
from edk.orchestrator.memory import PlanMemory, context_root
from edk.orchestrator.readings import code_stamp, decoded, pack

if TYPE_CHECKING:
    from edk.ports import Cache, SourceTree
    from edk.settings import Settings

Found = tuple[tuple[str, str], ...]
"""Kinds and paths, relative to the context."""

_FOUND = "sensitive"
_SEEN = "looked-into"
_DIGEST_BYTES = 32
_FOUND_DECODER = msgspec.msgpack.Decoder(Found)


class _Seen(msgspec.Struct):
    """Contents that were looked at: those in which nothing is, one behind the other, and the others."""

    clean: bytes = b""
    kinds: dict[bytes, str] = {}


_SEEN_DECODER = msgspec.msgpack.Decoder(_Seen)


def look_into_contexts(
    prepared: Sequence[Prepared], tree: SourceTree, cache: Cache, settings: Settings, memory: PlanMemory
) -> tuple[list[Prepared], list[LocatedDiagnostic]]:
    """Return the targets, those that must not be built with the reason as their problem, and what was found.

    Args:
        prepared: targets with their contexts read.
        tree: the file system.
        cache: the state's memory.
        settings: what to do about it.
        memory: what is known from the plans before.
    """
    new = [item for item in prepared if item.context.files and _known(item, memory) is None]
    keys = {item.node.key: f"{code_stamp()}:{item.fingerprint}" for item in new}
    stored = cache.readings(_FOUND, list(keys.values())) if keys else {}
    known = {item.node.key: decoded(_FOUND_DECODER, stored.get(keys[item.node.key])) for item in new}
    # One question for all of them: of ten thousand new ones, a question each would take seconds.
    unknown = [_seen_key(item) for item in new if known[item.node.key] is None]
    seen = cache.readings(_SEEN, unknown) if unknown else {}
    for item in new:
        found = known[item.node.key]
        if found is None:
            before = decoded(_SEEN_DECODER, seen.get(_seen_key(item))) or _Seen()
            found, complete = _look(item, before, tree, cache)
            if complete:
                packed: dict[str, bytes] = {}
                pack(packed, keys[item.node.key], found)
                cache.store_readings(_FOUND, packed)
        memory.sensitive[item.node.key] = item.fingerprint, found
    result: list[Prepared] = []
    problems: list[LocatedDiagnostic] = []
    for item in prepared:
        found = (_known(item, memory) if item.context.files else None) or ()
        about, problem = _judge(item.node.target, found, settings) if found else ([], "")
        problems.extend(LocatedDiagnostic(item.node.target.root, d) for d in about)
        refused = problem and not item.context.problem
        result.append(replace(item, context=replace(item.context, problem=problem)) if refused else item)
    return result, problems


def without_allowed(diagnostics: Iterable[LocatedDiagnostic], settings: Settings) -> tuple[LocatedDiagnostic, ...]:
    """Return diagnostics without those of secrets in Dockerfiles that the user has vouched for."""
    if not settings.allow_data:
        return tuple(diagnostics)
    return tuple(
        located
        for located in diagnostics
        if located.diagnostic.code != SECRET_VALUE.id or not allowed(located.diagnostic.file, settings.allow_data)
    )


def _known(item: Prepared, memory: PlanMemory) -> Found | None:
    fingerprint, found = memory.sensitive.get(item.node.key, ("", ()))
    return found if fingerprint and fingerprint == item.fingerprint else None


def _seen_key(item: Prepared) -> str:
    return f"{code_stamp()}:{item.node.key}"


def _look(item: Prepared, seen: _Seen, tree: SourceTree, cache: Cache) -> tuple[Found, bool]:
    """Return what is in a context, and whether every file could be looked at; `seen` was looked at before."""
    root = context_root(item.node.target)
    files = [f for f in item.context.files if f.kind == "file" and worth_a_look(f.path, f.size)]
    clean = {seen.clean[at : at + _DIGEST_BYTES] for at in range(0, len(seen.clean), _DIGEST_BYTES)}
    kinds = dict(seen.kinds)
    complete, looked = True, False
    for file in files:
        digest = bytes.fromhex(file.digest)
        if digest in clean or digest in kinds:
            continue
        kind = _kind_of(tree, root, file)
        looked = looked or kind is not None
        if kind is None:
            complete = False
        elif kind:
            kinds[digest] = kind
        else:
            clean.add(digest)
    if looked:
        _store_seen(cache, _seen_key(item), files, clean, kinds)
    named = ((kinds.get(bytes.fromhex(file.digest), ""), file.path) for file in files)
    return tuple((kind, path) for kind, path in named if kind and matters(kind, path)), complete


def _store_seen(
    cache: Cache, key: str, files: Iterable[ContextFile], clean: set[bytes], kinds: dict[bytes, str]
) -> None:
    """Remember what was looked at, of those contents alone that are still there."""
    there = {bytes.fromhex(file.digest) for file in files}
    packed: dict[str, bytes] = {}
    held = _Seen(b"".join(sorted(clean & there)), {digest: kind for digest, kind in kinds.items() if digest in there})
    pack(packed, key, held)
    cache.store_readings(_SEEN, packed)


def _kind_of(tree: SourceTree, root: str, file: ContextFile) -> str | None:
    """Return what a file is; None if it can't be told, for it went away or changed: then its build fails, too."""
    from edk.domain.beginnings import classify, wants_more

    path = f"{root}/{file.path}"
    try:
        beginning = tree.beginning(path, HEAD)
        if wants_more(beginning):
            beginning = tree.beginning(path, MORE)
        return classify(beginning)
    except OSError:
        return None


def _judge(target: Target, found: Found, settings: Settings) -> tuple[list[Diagnostic], str]:
    """Return what is to be said of what was found, and why the image must not be built; empty if it may be."""
    context = f"{target.context}/" if target.context else ""
    by_kind: dict[str, list[str]] = {}
    for kind, path in found:
        if not allowed(f"{context}{path}", settings.allow_data):
            by_kind.setdefault(kind, []).append(path)
    diagnostics, problem = [], ""
    for kind in sorted(by_kind):
        if kind in PATIENT and settings.patient_data == "allow":
            continue
        code = codes.PATIENT_DATA if kind in PATIENT else codes.CREDENTIALS
        paths = by_kind[kind]
        more = f", and so {'is' if len(paths) == 2 else 'are'} {listed(paths[1:])}" if len(paths) > 1 else ""
        name = f" of {target.name}" if target.name else ""
        message = f"{NAMES[kind]} is part of the image{name}{more}"
        diagnostics.append(code.at(f"{context}{paths[0]}", 0, message))
        if kind in PATIENT and settings.patient_data == "refuse" and not problem:
            problem = f"{context}{paths[0]} is {NAMES[kind]}, and patient_data is refuse ({code.id})"
    return diagnostics, problem
