"""From the readings of single files to the images that they name together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from edk.domain.codes.operators import INVALID_REFERENCE, RUN_TIME_IMAGE
from edk.domain.diagnostics import Diagnostic
from edk.domain.operators import platform
from edk.domain.operators.candidates import operator_like
from edk.domain.operators.evaluating import Evaluator, Outcome
from edk.domain.operators.lookup import Lookup, Spot, elsewhere
from edk.domain.operators.model import Expr, ImagePlace, ImageSite, OperatorImage, Place, PythonReading
from edk.domain.operators.needs import names_in, needed_imports
from edk.domain.operators.signatures import Signatures
from edk.domain.reference import InvalidReferenceError, parse_symbolic

__all__ = ["diagnose", "link", "link_with_places", "needed_imports"]

_CODES = {code.id: code for code in (RUN_TIME_IMAGE, INVALID_REFERENCE)}


@dataclass(frozen=True, slots=True)
class _Found:
    file: str
    owner: str
    place: Place
    outcome: Outcome


def link(readings: Mapping[str, PythonReading]) -> tuple[OperatorImage, ...]:
    """Return every image that the files name, with names followed from file to file.

    Args:
        readings: by path relative to one root, with ``/``. Names imported from files that are not among them stay
            unresolved; `needed_imports` says which those are.

    Returns:
        Sorted by file and place, one for each value that a place may have, without repetition.
    """
    return link_with_places(readings)[0]


def link_with_places(
    readings: Mapping[str, PythonReading],
) -> tuple[tuple[OperatorImage, ...], tuple[ImagePlace, ...]]:
    """Return every image that the files name, as `link` does, and the expressions that may come to one.

    An image of a class that inherits the expression has its own place, where it says its part of the name; the
    expression is then that of the class inherited from.
    """
    linker = _Linker(Lookup(readings))
    images: list[OperatorImage] = []
    places: list[ImagePlace] = []
    for file in sorted(readings):
        for named in linker.named(file):
            images.extend(named.images)
            places.extend(named.places)
    return (
        tuple(sorted(dict.fromkeys(images), key=lambda image: (image.file, image.start, image.end))),
        tuple(sorted(dict.fromkeys(places), key=lambda place: (place.file, place.start, place.end))),
    )


def diagnose(images: Iterable[OperatorImage]) -> tuple[Diagnostic, ...]:
    """Return a diagnostic for each place whose image is not known or not valid."""
    found: dict[tuple[str, int, int, str], Diagnostic] = {}
    for image in images:
        if not image.unresolved:
            continue
        code = _CODES.get(image.code, RUN_TIME_IMAGE)
        message = f"image `{image.expression}`: {image.unresolved}"
        key = (image.file, image.start, image.end, image.unresolved)
        found.setdefault(key, code.at(image.file, image.line, message, column=image.column))
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Named:
    """What one site names, and the expressions in it that come to that."""

    images: tuple[OperatorImage, ...]
    places: tuple[ImagePlace, ...]


class _Linker:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._signatures = Signatures(lookup)
        self._heirs: dict[tuple[str, int], list[tuple[str, int]]] | None = None

    def named(self, file: str) -> Iterator[_Named]:
        """Yield what each site of a file names, if that is anything."""
        evaluator = Evaluator(self._lookup)
        for site in self._lookup.readings[file].sites:
            spot = Spot(file, site.scope, site.position, site.branch)
            certain = self._certain(site, spot)
            if site.role == "argument" and not certain:
                continue
            if site.value.kind == "name" and site.value.text.endswith(".image"):
                continue
            inherited = list(self._inherited(evaluator, site, spot)) if certain else []
            outcomes = evaluator.outcomes(site.value, spot)
            made = (_image(found, certain) for found in self._found(inherited, outcomes, site, spot))
            images = tuple(image for image in made if image is not None)
            if not images:
                continue
            places = () if inherited else self._branches(evaluator, site, spot, certain)
            if not places:
                values = tuple(dict.fromkeys(image.value for image in images if image.value))
                places = (self._place(site.place, site.value, values, () if inherited else outcomes, spot),)
            yield _Named(images, tuple(place for place in places if place.values))

    def _branches(self, evaluator: Evaluator, site: ImageSite, spot: Spot, certain: bool) -> tuple[ImagePlace, ...]:
        """Return the branches of a conditional as places of their own; none of anything else."""
        found = []
        for place, value in zip(site.branches, site.value.parts, strict=False):
            outcomes = evaluator.outcomes(value, spot)
            made = (_image(_Found(spot.file, site.owner, place, outcome), certain) for outcome in outcomes)
            values = tuple(dict.fromkeys(image.value for image in made if image is not None and image.value))
            found.append(self._place(place, value, values, outcomes, spot))
        return tuple(found)

    def _place(
        self, place: Place, value: Expr, values: tuple[str, ...], outcomes: tuple[Outcome, ...], spot: Spot
    ) -> ImagePlace:
        fixed = len(values) == len(outcomes) == 1 and outcomes[0].kind == "text" and self._is_fixed(value, spot)
        return ImagePlace(spot.file, place.start, place.end, values, fixed)

    def _is_fixed(self, value: Expr, spot: Spot) -> bool:
        """Say whether an expression is made of nothing that a caller, an heir or an assignment elsewhere may change.

        Those are parameters (that have a default), what a function binds, and attributes.
        """
        firsts = {name.partition(".")[0] for name in names_in(value)}
        if firsts & {"self", "cls"}:
            return False
        return all(meaning.spot.scope == 0 for first in firsts for meaning in self._lookup.name(first, spot))

    def _found(
        self, inherited: list[_Found], outcomes: tuple[Outcome, ...], site: ImageSite, spot: Spot
    ) -> Iterator[_Found]:
        yield from inherited
        for outcome in outcomes:
            if inherited and outcome.kind == "unknown":
                continue
            if outcome.kind == "given" and site.value.kind == "name" and "." not in site.value.text:
                continue
            yield _Found(spot.file, site.owner, site.place, outcome)

    def _inherited(self, evaluator: Evaluator, site: ImageSite, spot: Spot) -> Iterator[_Found]:
        """Yield what the site means in classes that inherit it and set the attribute it is made of."""
        attributes = {name.split(".")[1] for name in names_in(site.value) if name.startswith(("self.", "cls."))}
        number = self._lookup.owner_of(spot) if attributes else -1
        if number < 0:
            return
        for heir in self._all_heirs().get((spot.file, number), []):
            table = self._lookup.table(heir[0])
            bindings = [item for name in sorted(attributes) for item in table.by_name.get((heir[1], name), [])]
            if not bindings:
                continue
            owner = table.reading.scopes[heir[1]].name
            for outcome in evaluator.outcomes(site.value, elsewhere(spot, heir)):
                yield _Found(heir[0], owner, bindings[0].place, outcome)

    def _all_heirs(self) -> dict[tuple[str, int], list[tuple[str, int]]]:
        if self._heirs is None:
            self._heirs = {}
            for file in sorted(self._lookup.readings):
                for number, scope in enumerate(self._lookup.readings[file].scopes):
                    if scope.kind == "class":
                        for base in self._lookup.lineage((file, number))[1:]:
                            self._heirs.setdefault(base, []).append((file, number))
        return self._heirs

    def _certain(self, site: ImageSite, spot: Spot) -> bool:
        """Say whether a site surely is an image of an operator."""
        if site.role == "argument":
            return self._signatures.names_image(site, spot)
        if site.role == "operator":
            return not site.callee.endswith("__init__") or self._in_operator(spot)
        return site.role == "attribute" and self._in_operator(spot)

    def _in_operator(self, spot: Spot) -> bool:
        if "operator" in spot.file.rpartition("/")[2].lower():
            return True
        number = self._lookup.owner_of(spot)
        if number < 0:
            return False
        scopes = [self._lookup.readings[file].scopes[each] for file, each in self._lookup.lineage((spot.file, number))]
        return any(operator_like(name) for scope in scopes for name in (scope.name, *scope.bases))


def _image(found: _Found, certain: bool) -> OperatorImage | None:
    kind, text = found.outcome.kind, found.outcome.text
    if kind == "none" or not text:
        return None
    if kind == "given":
        return _made(found, "", f"`{text}` is given by the caller", RUN_TIME_IMAGE.id) if certain else None
    if kind == "unknown":
        return _made(found, "", text, RUN_TIME_IMAGE.id) if certain else None
    if "{{" in text:
        why = "it is a template that is filled in at run time"
        return _made(found, "", why, RUN_TIME_IMAGE.id) if certain else None
    problem = _problem(text)
    if not certain and (problem or not _surely_reference(platform.shown(text))):
        return None
    if problem:
        return _made(found, "", problem, INVALID_REFERENCE.id)
    return _made(found, platform.shown(text), "", "")


def _problem(text: str) -> str:
    if platform.has_braces(text):
        return f"{platform.shown(text)!r} holds braces; the f before the string may be missing"
    try:
        parse_symbolic(platform.shown(text))
    except InvalidReferenceError as error:
        return str(error)
    return ""


def _surely_reference(value: str) -> bool:
    ref = parse_symbolic(value)
    return bool(ref.registry) and bool(ref.tag or ref.digest or "{" in ref.registry)


def _made(found: _Found, value: str, unresolved: str, code: str) -> OperatorImage:
    place = found.place
    return OperatorImage(
        file=found.file,
        line=place.line,
        column=place.column,
        start=place.start,
        end=place.end,
        owner=found.owner,
        expression=place.expression,
        value=value,
        unresolved=unresolved,
        code=code,
    )
