"""From references to targets: which Dockerfile yields the image that an operator, a DAG or a chart names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from edk.domain.charts.versions import DAG_INSTALLER, dag_image_tags
from edk.domain.codes import resolving as codes
from edk.domain.codes.conventions import MISSPELT_IMAGE
from edk.domain.codes.operators import INVALID_REFERENCE, RUN_TIME_IMAGE
from edk.domain.reference import (
    InvalidReferenceError,
    RegistryAliases,
    parse_symbolic,
    split_local,
    substitute,
    valid_tag,
    variables_of,
)
from edk.domain.workspace import (
    LocatedChart,
    LocatedDiagnostic,
    LocatedImage,
    LocatedPlace,
    Root,
    Target,
    Workspace,
)

NEAR = 0.85
"""How alike two names must be for one to be a misspelling of the other."""

Status = Literal["local", "external", "unresolved", "ambiguous"]


class Names(Struct, frozen=True):
    """What names mean here.

    Args:
        aliases: the names of the one local registry.
        registry: its name in references that are written.
        build_version: the platform's version, the tag of images.
        platform_registry: the registry that the platform was deployed from; what is not built here is there.
    """

    aliases: RegistryAliases
    registry: str
    build_version: str
    platform_registry: str = ""

    @property
    def variables(self) -> dict[str, str]:
        """Return the platform's variables that are known here."""
        return {
            "KAAPANA_BUILD_VERSION": self.build_version,
            "kaapana_build_version": self.build_version,
        }


class Place(Struct, frozen=True):
    """Where an image is named; the column is 0 where it is not known."""

    root: Root
    file: str
    line: int
    column: int = 0


class Reference(Struct, frozen=True):
    """A place that refers to a target; `tag` is what it asks for, empty if it does not say."""

    file: str
    line: int
    owner: str
    how: str
    tag: str = ""


class ResolvedImage(Struct, frozen=True):
    """An operator image with what it resolves to."""

    located: LocatedImage
    registry: str
    name: str
    version: str
    status: Status
    target: str = ""


class ResolvedPlace(Struct, frozen=True):
    """An expression that names images, with those that are built here: name → key of the target."""

    located: LocatedPlace
    targets: tuple[tuple[str, str], ...]


class Catalog(Struct, frozen=True):
    """Targets by name, nearest first.

    A target that is set to be ignored gives way to one of its name that is not.
    """

    by_name: Mapping[str, tuple[Target, ...]]

    @classmethod
    def of(cls, targets: Iterable[Target]) -> Catalog:
        """Index targets."""
        names: dict[str, list[Target]] = {}
        for target in targets:
            if target.name:
                names.setdefault(target.name, []).append(target)
        return cls({n: tuple(sorted(ts, key=lambda t: (t.root.distance, t.key))) for n, ts in names.items()})

    def find(self, name: str) -> tuple[Target, ...]:
        """Return the nearest targets of a name: none, one, or those of one distance that share it."""
        found = self.by_name.get(name, ())
        active = [t for t in found if not t.build_ignore] or found
        return tuple(t for t in active if t.root.distance == active[0].root.distance)

    def near(self, name: str) -> tuple[str, ...]:
        """Return up to three names that look like one that was not found."""
        import difflib

        return tuple(difflib.get_close_matches(name, self.by_name.keys(), n=3, cutoff=0.75))


@dataclass(slots=True)
class Resolution:
    """What the references of the extension came to; filled in once by `resolve`.

    Args:
        images: the operator images.
        places: the expressions in Python files that name images which are built here.
        references: key of a target → who refers to it.
        wanted: keys of targets that something refers to, in the order found.
        diagnostics: what could not be resolved.
    """

    images: list[ResolvedImage] = field(default_factory=list)
    places: list[ResolvedPlace] = field(default_factory=list)
    references: dict[str, list[Reference]] = field(default_factory=dict)
    wanted: list[Target] = field(default_factory=list)
    diagnostics: list[LocatedDiagnostic] = field(default_factory=list)

    def refer(self, target: Target, reference: Reference) -> None:
        """Note that something refers to a target."""
        if target.key not in self.references:
            self.wanted.append(target)
        self.references.setdefault(target.key, []).append(reference)


def resolve(workspace: Workspace, catalog: Catalog, names: Names) -> Resolution:
    """Resolve every operator image and every image that a chart of the extension names."""
    resolution = Resolution()
    for located in workspace.operator_images:
        _resolve_operator_image(located, catalog, names, resolution)
    resolution.places.extend(_resolved_places(workspace.image_places, catalog, names))
    installer = nearest_chart(workspace.charts, DAG_INSTALLER)
    installer_version = installer.chart.version if installer else "0.0.0"
    for located_chart in workspace.charts:
        if located_chart.root.kind == "extension":
            _resolve_chart(located_chart, installer_version, catalog, names, resolution)
    return resolution


def _resolve_operator_image(located: LocatedImage, catalog: Catalog, names: Names, resolution: Resolution) -> None:
    image = located.image
    if image.unresolved or not image.value:
        message = image.unresolved or f"{image.expression} is known at run time only"
        code = INVALID_REFERENCE if image.code == INVALID_REFERENCE.id else RUN_TIME_IMAGE
        diagnostic = code.at(image.file, image.line, message, column=image.column)
        resolution.diagnostics.append(LocatedDiagnostic(located.root, diagnostic))
        resolution.images.append(ResolvedImage(located, "", "", "", "unresolved"))
        return
    value = substitute(image.value, names.variables)
    try:
        parsed = parse_symbolic(value)
    except InvalidReferenceError as error:
        diagnostic = codes.INVALID_NAME.at(image.file, image.line, error.message, column=image.column)
        resolution.diagnostics.append(LocatedDiagnostic(located.root, diagnostic))
        resolution.images.append(ResolvedImage(located, "", "", "", "unresolved"))
        return
    local = split_local(value, names.aliases)
    if local is None:
        version = parsed.tag or parsed.digest
        resolution.images.append(ResolvedImage(located, parsed.registry, parsed.repository, version, "external"))
        return
    registry = value.partition("/" + local.name)[0]
    found = catalog.find(local.name)
    status: Status = "local" if len(found) == 1 else "ambiguous" if found else "external"
    key = found[0].key if len(found) == 1 else ""
    resolution.images.append(ResolvedImage(located, registry, local.name, local.tag or local.digest, status, key))
    if not found:
        place = Place(located.root, image.file, image.line, image.column)
        _note_not_local(place, local.name, image.value.startswith(f"{names.registry}/"), catalog, resolution)
    tag = local.tag
    if variables_of(tag):
        message = f"the tag of {value!r} is known at run time only"
        diagnostic = codes.UNREFERENCED_TAG.at(image.file, image.line, message, column=image.column)
        resolution.diagnostics.append(LocatedDiagnostic(located.root, diagnostic))
        tag = ""
    for target in found:
        resolution.refer(target, Reference(image.file, image.line, image.owner, "operator", tag))


def _resolved_places(places: Iterable[LocatedPlace], catalog: Catalog, names: Names) -> Iterator[ResolvedPlace]:
    """Yield the places that name images which are built here; who writes a digest means exactly that image."""
    for located in places:
        targets: dict[str, str] = {}
        for value in located.place.values:
            local = split_local(substitute(value, names.variables), names.aliases)
            found = catalog.find(local.name) if local is not None and not local.digest else ()
            if local is not None and len(found) == 1 and not found[0].build_ignore:
                targets[local.name] = found[0].key
        if targets:
            yield ResolvedPlace(located, tuple(targets.items()))


def _note_not_local(place: Place, name: str, local: bool, catalog: Catalog, resolution: Resolution) -> None:
    """Note that no Dockerfile yields an image.

    Args:
        place: where it is named.
        name: its name.
        local: it is asked for from the registry that only the EDK fills, so the platform can't bring it.
        catalog: the targets.
        resolution: where the diagnostic goes.
    """
    import difflib

    nearest = difflib.get_close_matches(name, catalog.by_name, n=1, cutoff=NEAR)
    near = nearest or catalog.near(name)
    hint = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    if nearest or local:
        why = f"; {nearest[0]!r} is the nearest name" if nearest else ", and the local registry has only what is built"
        message = f"no Dockerfile yields the image {name!r}{why}"
        diagnostic = MISSPELT_IMAGE.at(place.file, place.line, message, hint, place.column)
    else:
        message = f"no Dockerfile here yields {name!r}; it is expected in the platform's registry"
        diagnostic = codes.NOT_LOCAL.at(place.file, place.line, message, hint)
    resolution.diagnostics.append(LocatedDiagnostic(place.root, diagnostic))


def _resolve_chart(
    located: LocatedChart,
    installer_version: str,
    catalog: Catalog,
    names: Names,
    resolution: Resolution,
) -> None:
    chart = located.chart
    for image in chart.images:
        if image.unresolved or not image.value:
            continue
        value = substitute(image.value, names.variables)
        local = split_local(value, names.aliases)
        if local is None and image.how in {"dag", "processing"}:
            local = split_local(f"{names.registry}/{value}", names.aliases)
        if local is None:
            continue
        found = catalog.find(local.name)
        if not found:
            _note_not_local(Place(located.root, image.file, image.line), local.name, False, catalog, resolution)
        tags: tuple[str, ...] = (local.tag if not variables_of(local.tag) else "",)
        if image.how == "dag":
            tags = dag_image_tags(chart, installer_version, names.build_version)
        for target in found:
            for tag in tags:
                resolution.refer(target, Reference(image.file, image.line, chart.name, image.how, tag))


def nearest_chart(charts: Sequence[LocatedChart], name: str) -> LocatedChart | None:
    """Return the chart of a name whose root is nearest; None if there is none.

    Dependencies are found by name, as the platform's own build does; the path that is written is ignored.
    """
    found = [c for c in charts if c.chart.name == name]
    return min(found, key=lambda c: (c.root.distance, c.chart.path), default=None)


def tags_of(target: Target, references: Sequence[Reference], build_version: str) -> tuple[str, ...]:
    """Return the tags that an image must have, the first one being that which it is pushed under.

    The platform's version, ``latest`` for local-only bases, and every tag that something asks for literally.
    """
    if target.tag:
        return (target.tag,)
    first = "latest" if target.local_only else build_version
    asked = {r.tag for r in references if r.tag and valid_tag(r.tag)}
    return (first, *sorted(asked - {first}))
