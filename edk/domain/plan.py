"""The plan: for every image what would happen, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from edk.domain.files import ContextFile
from edk.domain.fingerprint import changed, fingerprint, sealed, sentence, without_references

if TYPE_CHECKING:
    from edk.domain.graph import BuildGraph, Node
    from edk.domain.references import RewrittenFile
    from edk.domain.workspace import LocatedDiagnostic, Workspace

Action = Literal["build", "skip", "ignore", "blocked"]
NOT_ASKED = "the registry was not asked whether it is there"
"""Reason of a build of which nobody knows whether it is needed."""


@dataclass(frozen=True, slots=True)
class ContextReading:
    """What of a target's context counts.

    Args:
        files: what is sent, sorted by path.
        total_bytes: of the files.
        whole_because: why the whole context counts; empty if only what is used does.
        problem: why it can't be read; empty if it can.
    """

    files: tuple[ContextFile, ...] = ()
    total_bytes: int = 0
    whole_because: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the registry has of an image.

    Args:
        tags: tag → (digest, fingerprint that it carries), of those tags that were asked for and exist.
        asked: whether the registry could be asked.
        of: the repository and the tags that were asked for.
    """

    tags: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    asked: bool = True
    of: tuple[str, tuple[str, ...]] = ("", ())


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """What happens to a target.

    Args:
        node: the target in the graph.
        action: ``build``, ``skip``, ``ignore`` or ``blocked``.
        reason: why, for people.
        fingerprint: of its inputs, those of the images that it names included; empty if they can't be known.
        carried: the fingerprint that the image carries, see `edk.domain.fingerprint.sealed`; empty where an image
            that it names has to be built first.
        parts: its inputs part by part, see `edk.domain.fingerprint.components`.
        context: what is sent.
        refs: that it is going to have.
        digest: of the image in the registry that has this fingerprint; empty if there is none.
        externals: (index of an image use, reference to build from) of bases that no target yields.
        files: of which it gets rewritten copies.
        again: whether somebody asked to build it once more, although the same inputs were tried before.
    """

    node: Node
    action: Action
    reason: str
    fingerprint: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    context: ContextReading = ContextReading()
    refs: tuple[str, ...] = ()
    digest: str = ""
    externals: tuple[tuple[int, str], ...] = ()
    carried: str = ""
    files: tuple[RewrittenFile, ...] = ()
    again: bool = False

    @property
    def key(self) -> str:
        """Return the target's identity."""
        return self.node.key

    @property
    def label(self) -> str:
        """Return how it is called on the screen."""
        return self.node.target.label


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """Everything that was decided, bases first.

    Args:
        workspace: what was read.
        graph: what stands on what.
        images: in the order of the graph.
        waves: keys that can run together, wave after wave.
        diagnostics: of reading, resolving and planning.
        unasked: what could not be asked, as sentences (registry, engine).
    """

    workspace: Workspace
    graph: BuildGraph
    images: tuple[PlannedImage, ...]
    waves: tuple[tuple[str, ...], ...]
    diagnostics: tuple[LocatedDiagnostic, ...] = ()
    unasked: tuple[str, ...] = ()

    def with_action(self, action: Action) -> tuple[PlannedImage, ...]:
        """Return the images of one action."""
        return tuple(image for image in self.images if image.action == action)

    @property
    def has_errors(self) -> bool:
        """Whether the sources are wrong somewhere; what is blocked is so by a fault of the sources."""
        wrong = any(d.diagnostic.severity == "error" for d in self.diagnostics)
        return wrong or bool(self.with_action("blocked"))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A node with its inputs read: what `decide` looks at."""

    node: Node
    context: ContextReading = ContextReading()
    parts: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    externals: tuple[tuple[int, str], ...] = ()
    files: tuple[RewrittenFile, ...] = ()


def reference(registry: str, name: str, tag: str, digest: str) -> str:
    """Return what a rewritten file names an image by: its digest, or a tag where no digest is wanted.

    Args:
        registry: as nodes know it.
        name: of the image.
        tag: the first one that it has.
        digest: of its manifest; empty: by its tag.
    """
    return f"{registry}/{name}@{digest}" if digest else f"{registry}/{name}:{tag}"


def decide(
    prepared: Sequence[Prepared],
    standings: Mapping[str, Standing],
    known_inputs: Mapping[str, Mapping[str, str]],
    registry: str,
    forced: Collection[str] = (),
    *,
    by_digest: bool = True,
) -> tuple[PlannedImage, ...]:
    """Decide for every image what happens to it.

    Args:
        prepared: in the order of the graph.
        standings: key of a target → what the registry has.
        known_inputs: fingerprint → inputs part by part, of images built earlier, to say what changed.
        registry: the local registry's name in references.
        forced: keys of targets to build in any case.
        by_digest: whether rewritten files name images by their digests, which only a built image has.
    """
    decided: dict[str, PlannedImage] = {}
    for item in prepared:
        standing = standings.get(item.node.key, Standing(asked=False))
        sealing = _seal(item, decided, registry, forced, by_digest=by_digest)
        image = _decide(sealing, standing, decided, known_inputs, registry, item.node.key in forced)
        decided[item.node.key] = replace(image, fingerprint=item.fingerprint)
    return tuple(decided.values())


def _seal(
    item: Prepared, decided: Mapping[str, PlannedImage], registry: str, forced: Collection[str], *, by_digest: bool
) -> Prepared:
    """Return inputs with the references that are going to be written.

    The fingerprint is empty where an image that is named has to be built first.
    """
    named = dict(pair for file in item.files for edit in file.edits for pair in edit.names)
    if not named:
        return item
    refs = {}
    for name, key in named.items():
        image = decided.get(key)
        built = image is not None and image.digest and (image.action == "skip" or key not in forced)
        if image is None or not image.node.tags or (by_digest and not built):
            return replace(item, parts=without_references(item.parts), fingerprint="")
        refs[name] = reference(registry, name, image.node.tags[0], image.digest if by_digest else "")
    parts = sealed(item.parts, refs)
    return replace(item, parts=parts, fingerprint=fingerprint(parts))


def _decide(
    item: Prepared,
    standing: Standing,
    decided: Mapping[str, PlannedImage],
    known_inputs: Mapping[str, Mapping[str, str]],
    registry: str,
    forced: bool,
) -> PlannedImage:
    target = item.node.target
    refs = tuple(f"{registry}/{target.name}:{tag}" for tag in item.node.tags)
    digest = next((d for d, f in standing.tags.values() if item.fingerprint and f == item.fingerprint), "")

    def planned(action: Action, reason: str) -> PlannedImage:
        return PlannedImage(
            item.node,
            action,
            reason,
            item.fingerprint,
            item.parts,
            item.context,
            refs,
            digest,
            item.externals,
            item.fingerprint,
            item.files,
        )

    if item.node.problem:
        return planned("blocked", item.node.problem)
    if not target.name:
        return planned("ignore", "the Dockerfile has no label IMAGE")
    if target.build_ignore:
        return planned("ignore", "its label BUILD_IGNORE says so")
    for key in item.node.depends_on:
        below = decided.get(key)
        if below is None or below.action in {"blocked", "ignore"}:
            name = below.label if below else next((b.ref for b in item.node.bases if b.target == key), key)
            verb = "names" if key in item.node.names else "stands on"
            return planned("blocked", f"it {verb} {name}, which can't be built")
    if item.context.problem:
        return planned("blocked", item.context.problem)
    if target.broken and not digest:
        # What is on disk can't be built; what was built before it broke still stands, and may be tagged.
        return planned("blocked", target.broken)
    if forced and not target.broken:
        return planned("build", "asked for by --force")
    if not standing.asked:
        return planned("build", NOT_ASKED)
    # Without a fingerprint, an image that it names has to be built first: then nothing that is there is the right one.
    tags = item.node.tags
    missing = [t for t in tags if not item.fingerprint or standing.tags.get(t, ("", ""))[1] != item.fingerprint]
    if not missing:
        return planned("skip", "unchanged, and in the registry")
    return planned("build", _why_build(item, standing, missing, known_inputs, digest, decided))


def _why_build(
    item: Prepared,
    standing: Standing,
    missing: Sequence[str],
    known_inputs: Mapping[str, Mapping[str, str]],
    digest: str,
    decided: Mapping[str, PlannedImage],
) -> str:
    if not item.fingerprint:
        first = [decided[key].label for key in item.node.names if decided[key].action == "build"]
        old = known_inputs.get(standing.tags.get(missing[0], ("", ""))[1])
        own = changed(without_references(old), item.parts) if old else ()
        return sentence((*own, *(f"{name}, which it names, is built anew" for name in first)))
    if digest:
        return f"unchanged, but the tag {', '.join(missing)} is missing or points elsewhere"
    if not standing.tags:
        return "not in the registry"
    there = standing.tags.get(missing[0])
    if there is None:
        return f"not in the registry under the tag {missing[0]}"
    if not there[1]:
        return f"what stands under the tag {missing[0]} was not built by the EDK"
    old = known_inputs.get(there[1])
    phrases = changed(old, item.parts) if old else ()
    return sentence(phrases) if phrases else "its inputs changed since it was built"
