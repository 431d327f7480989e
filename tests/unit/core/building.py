"""Small targets, graphs and plans out of text."""

from __future__ import annotations

from hashlib import sha256

from edk.domain.charts.model import ChartImage, ChartReading
from edk.domain.dockerfile.identity import identity
from edk.domain.dockerfile.reading import read_dockerfile
from edk.domain.graph import BaseLink, BuildGraph, GraphRules, Node, build_graph
from edk.domain.operators.model import OperatorImage
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.reference import RegistryAliases
from edk.domain.resolve import Catalog, Names, Resolution, resolve
from edk.domain.workspace import LocatedChart, LocatedImage, Root, Target, Workspace

EXTENSION = Root("/w/ext", "extension", 0)
OTHERS = Root("/w/extensions", "extensions", 1)
PLATFORM = Root("/w/kaapana", "platform", 2)
REGISTRY = "localhost:32000"
VERSION = "0.6.0"


def names(*aliases: str) -> Names:
    """What names mean, with further aliases of the local registry."""
    return Names(RegistryAliases.of(REGISTRY, *aliases), REGISTRY, VERSION)


def dockerfile(name: str, *lines: str, labels: str = "") -> str:
    """A Dockerfile that yields an image of this name; without lines it stands on an external image."""
    label = f'LABEL IMAGE="{name}"' if name else ""
    return "\n".join([*(lines or ("FROM ubuntu:24.04",)), f"{label} {labels}" if label else "", ""])


def base(name: str, *lines: str, labels: str = "") -> str:
    """A Dockerfile of a local-only base."""
    return dockerfile(name, *lines, labels=f'REGISTRY="local-only" {labels}')


def target(path: str, text: str, root: Root = EXTENSION) -> Target:
    """A target as the scan makes it."""
    content = text.encode()
    reading = read_dockerfile(content)
    who = identity(reading)
    return Target(
        root,
        path,
        path.rpartition("/")[0],
        who.image,
        who.image_line,
        who.version,
        who.local_only,
        who.build_ignore,
        sha256(content).hexdigest(),
        reading,
    )


def operator(value: str, file: str = "XOperator.py", line: int = 7) -> LocatedImage:
    """A place where an operator names an image; an empty value is one that is not known."""
    unresolved = "" if value else "known at run time only"
    return LocatedImage(EXTENSION, OperatorImage(file, line, 5, 0, 1, "XOperator", "image=x", value, unresolved))


def chart(*images: tuple[str, str], name: str = "x-workflow", dag: str = "", root: Root = EXTENSION) -> LocatedChart:
    """A chart with images given as (how, value)."""
    listed = tuple(ChartImage("chart/values.yaml", 3, how, value, value) for how, value in images)
    return LocatedChart(root, ChartReading("chart", name, "0.1.0", dag_image=dag, images=listed))


def resolved(
    targets: list[Target],
    images: tuple[LocatedImage, ...] = (),
    charts: tuple[LocatedChart, ...] = (),
    meaning: Names | None = None,
) -> Resolution:
    """What references come to among some targets."""
    workspace = Workspace((EXTENSION, OTHERS, PLATFORM), tuple(targets), images, charts)
    return resolve(workspace, Catalog.of(targets), meaning or names())


def graph(
    targets: list[Target],
    *images: LocatedImage,
    charts: tuple[LocatedChart, ...] = (),
    selected: list[Target] | None = None,
    all_stages: bool = False,
    overrides: dict[str, str] | None = None,
) -> BuildGraph:
    """The graph of targets; without a selection those of the extension are wanted."""
    resolution = resolved(targets, images, charts)
    own = [t for t in targets if t.root == EXTENSION] if selected is None else selected
    rules = GraphRules(names(), overrides or {}, {}, all_stages)
    return build_graph(own, Catalog.of(targets), resolution, rules)


def plan(text: str, **fingerprints: str) -> BuildPlan:
    """A plan out of lines such as ``top: left right`` or ``left: base = skip``, bases first.

    A fingerprint is that of the keyword of the target's name, or ``1``.
    """
    images = []
    for line in text.strip().splitlines():
        name, _, rest = line.strip().partition(":")
        below, _, action = rest.partition("=")
        links = tuple(BaseLink(i, f"local-only/{b}", key(b), "", 1) for i, b in enumerate(below.split()))
        node = Node(target(f"{name}/Dockerfile", dockerfile(name)), links, (VERSION,), (), "other")
        fingerprint = fingerprints.get(name, "1")
        refs = (f"{REGISTRY}/{name}:{VERSION}",)
        images.append(
            PlannedImage(node, action.strip() or "build", "not there", fingerprint, refs=refs)  # type: ignore[arg-type]
        )
    nodes = tuple(image.node for image in images)
    return BuildPlan(Workspace((EXTENSION,)), BuildGraph(nodes), tuple(images), ())


def key(name: str) -> str:
    """The identity of a target that `plan` made."""
    return f"{EXTENSION.path}/{name}/Dockerfile"
