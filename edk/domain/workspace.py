"""What was read: roots, the targets in them, operator images and charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from edk.domain.charts.model import ChartReading
    from edk.domain.diagnostics import Diagnostic
    from edk.domain.dockerfile.model import DockerfileReading
    from edk.domain.operators.model import ImagePlace, OperatorImage

RootKind = Literal["extension", "extensions", "platform", "bundled"]


class Root(Struct, frozen=True):
    """A folder that is read.

    Args:
        path: absolute, links resolved.
        kind: ``extension`` is one that was asked for; the others are looked into for what it needs.
        distance: targets of smaller distance win; those of one distance must not share a name.
    """

    path: str
    kind: RootKind
    distance: int


class Target(Struct, frozen=True):
    """A Dockerfile with its context that yields an image.

    Args:
        root: the root that it was found in.
        dockerfile: path relative to the root.
        context: folder relative to the root; empty is the root itself.
        name: of its label IMAGE; empty if it has none.
        name_line: line of that label.
        version: of its label VERSION; empty if it has none.
        local_only: whether its label REGISTRY says ``local-only``.
        build_ignore: whether its label BUILD_IGNORE says so.
        content_digest: sha256 of the Dockerfile.
        reading: what it says.
        tag: the one tag that it gets; empty: those that follow from who refers to it.
        broken: what is wrong in the Dockerfile now, if this is its last good reading; empty if it is sound.
    """

    root: Root
    dockerfile: str
    context: str
    name: str
    name_line: int
    version: str
    local_only: bool
    build_ignore: bool
    content_digest: str
    reading: DockerfileReading
    tag: str = ""
    broken: str = ""

    @property
    def key(self) -> str:
        """Return its identity: names may be shared by mistake, paths can't."""
        return f"{self.root.path}/{self.dockerfile}"

    @property
    def label(self) -> str:
        """Return how it is called on the screen."""
        return self.name or self.dockerfile


class LocatedImage(Struct, frozen=True):
    """An operator image with the root of its file."""

    root: Root
    image: OperatorImage


class LocatedPlace(Struct, frozen=True):
    """An expression that names images, with the root of its file."""

    root: Root
    place: ImagePlace


class LocatedChart(Struct, frozen=True):
    """A chart with its root."""

    root: Root
    chart: ChartReading


class LocatedDiagnostic(Struct, frozen=True):
    """A diagnostic with the root of its file."""

    root: Root
    diagnostic: Diagnostic

    @property
    def absolute(self) -> Diagnostic:
        """Return the diagnostic with the whole path of its file."""
        return replace(self.diagnostic, file=f"{self.root.path}/{self.diagnostic.file}")


class Workspace(Struct, frozen=True):
    """Everything that was read.

    Args:
        roots: nearest first.
        targets: of all roots.
        operator_images: of the extensions that were asked for; of a file that is broken, those that it last named.
        charts: of all roots.
        diagnostics: of reading.
        files: how many files and folders were looked at.
        operator_files: how many operator and DAG files were read.
        image_places: the expressions that may come to images, in the files as they are.
    """

    roots: tuple[Root, ...]
    targets: tuple[Target, ...] = ()
    operator_images: tuple[LocatedImage, ...] = ()
    charts: tuple[LocatedChart, ...] = ()
    diagnostics: tuple[LocatedDiagnostic, ...] = ()
    files: int = 0
    operator_files: int = 0
    image_places: tuple[LocatedPlace, ...] = ()
