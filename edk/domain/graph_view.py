"""What stands on what, as it is shown: images with their state, by extension, bases folded where they are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from edk.domain.graph import Role
from edk.domain.plan import NOT_ASKED, BuildPlan, PlannedImage

State = Literal["current", "stale", "unknown", "blocked", "ignored"]
STATES: tuple[State, ...] = ("current", "stale", "unknown", "blocked", "ignored")
BASES = "bases"
"""Group of all bases where these are folded."""
MANY = 30
"""More images than this are shown with their bases folded, unless somebody asks for something else."""
_STATE_OF: Mapping[str, State] = {"skip": "current", "build": "stale", "blocked": "blocked", "ignore": "ignored"}
# Folders that extensions and services of the platform have their parts in; what is above is called as they are.
_PARTS = frozenset({"extension", "processing-containers", "docker", "base-image", "files"})


@dataclass(frozen=True, slots=True)
class GraphNode:
    """An image.

    Args:
        key: identity of its target.
        name: on the screen.
        group: of the images that it belongs with.
        role: what it is for.
        state: ``current``: in the registry as the sources are; ``stale``: a build would make it; ``unknown``: nobody
            asked the registry; ``blocked``: it can't be built; ``ignored``: it is not to be built.
        reason: why it is in that state.
        bases: keys of the images that it is built from.
        names: keys of the images that the files in it name.
        externals: references of images from elsewhere that it is built from.
        dockerfile: path relative to its root.
    """

    key: str
    name: str
    group: str
    role: Role
    state: State
    reason: str
    bases: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    externals: tuple[str, ...] = ()
    dockerfile: str = ""

    @property
    def below(self) -> tuple[str, ...]:
        """Return the keys of all that it depends on."""
        return tuple(dict.fromkeys((*self.names, *self.bases)))


@dataclass(frozen=True, slots=True)
class GraphView:
    """Images, each behind those that it depends on.

    Args:
        nodes: the images.
        folded: whether what an image is built from is told in its line, and bases are a group of their own.
        focus: key of the image that was asked for; empty: all.
    """

    nodes: tuple[GraphNode, ...]
    folded: bool = False
    focus: str = ""

    @property
    def by_key(self) -> dict[str, GraphNode]:
        """Return the images by their keys."""
        return {node.key: node for node in self.nodes}

    @property
    def counts(self) -> dict[State, int]:
        """Return how many images are in each state, in the order of `STATES`; none is left out."""
        found = Counter(node.state for node in self.nodes)
        return {state: found[state] for state in STATES if found[state]}

    @property
    def groups(self) -> dict[str, tuple[GraphNode, ...]]:
        """Return the images by group: bases first, then in the order of the groups' names."""
        found: dict[str, list[GraphNode]] = {}
        for node in self.nodes:
            found.setdefault(BASES if self.folded and node.role == "base" else node.group, []).append(node)
        ordered = sorted(found, key=lambda name: (name != BASES, name))
        return {name: tuple(found[name]) for name in ordered}

    @property
    def dependents(self) -> dict[str, tuple[str, ...]]:
        """Return the keys of those that depend on each image directly."""
        found: dict[str, list[str]] = {node.key: [] for node in self.nodes}
        for node in self.nodes:
            for key in node.below:
                if key in found:
                    found[key].append(node.key)
        return {key: tuple(keys) for key, keys in found.items()}


def graph_view(plan: BuildPlan, *, folded: bool | None = None) -> GraphView:
    """Return what is shown of a plan.

    Args:
        plan: the plan.
        folded: whether bases are folded; None: where there are many images.
    """
    groups = _group_names(plan.images)
    known = {image.key for image in plan.images}
    nodes = tuple(_node(image, groups[image.key], known) for image in plan.images)
    return GraphView(nodes, len(nodes) > MANY if folded is None else folded)


def focused(view: GraphView, name: str, *, folded: bool | None = None) -> GraphView | None:
    """Return the part of a view around an image: what it depends on, and what depends on it; None: no such image."""
    by_key = view.by_key
    key = next((node.key for node in view.nodes if node.name == name), "")
    if not key:
        return None
    down = {node.key: node.below for node in view.nodes}
    kept = _reached(key, down) | _reached(key, view.dependents)
    nodes = tuple(by_key[k] for k in by_key if k in kept)
    nodes = tuple(
        replace(
            node,
            bases=tuple(k for k in node.bases if k in kept),
            names=tuple(k for k in node.names if k in kept),
        )
        for node in nodes
    )
    return GraphView(nodes, len(nodes) > MANY if folded is None else folded, key)


def _reached(start: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    found, pending = {start}, [start]
    while pending:
        for key in edges.get(pending.pop(), ()):
            if key not in found:
                found.add(key)
                pending.append(key)
    return found


def _node(image: PlannedImage, group: str, known: set[str]) -> GraphNode:
    node = image.node
    state = _STATE_OF[image.action]
    named = tuple(key for key in node.names if key in known)
    return GraphNode(
        key=image.key,
        name=image.label,
        group=group,
        role=node.role,
        state="unknown" if image.reason == NOT_ASKED else state,
        reason=image.reason,
        bases=tuple(dict.fromkeys(base.target for base in node.bases if base.target in known)),
        names=named,
        externals=tuple(dict.fromkeys(base.external for base in node.bases if base.external)),
        dockerfile=node.target.dockerfile,
    )


def _group_names(images: Iterable[PlannedImage]) -> dict[str, str]:
    """Return the group of each image: the end of its folder's path, as long as it takes to tell folders apart."""
    folders = _joined({image.key: _folder(image) for image in images})
    names: dict[str, str] = {}
    for folder in set(folders.values()):
        parts = folder.split("/")
        others = [other.split("/") for other in set(folders.values()) if other != folder]
        for count in range(1, len(parts) + 1):
            if all(other[-count:] != parts[-count:] for other in others):
                break
        names[folder] = "/".join(parts[-count:])
    return {key: names[folder] for key, folder in folders.items()}


def _joined(folders: Mapping[str, str]) -> dict[str, str]:
    """Return folders where those with one image are one with their like beside them, if there are several."""
    counts = Counter(folders.values())
    lonely = Counter(_parent(folder) for folder in folders.values() if counts[folder] == 1)
    return {
        key: _parent(folder) if counts[folder] == 1 and lonely[_parent(folder)] > 1 else folder
        for key, folder in folders.items()
    }


def _parent(folder: str) -> str:
    return folder.rpartition("/")[0] or folder


def _folder(image: PlannedImage) -> str:
    """Return the folder of the extension or service that an image belongs to, with its root's."""
    target = image.node.target
    parts = target.dockerfile.split("/")[:-1]
    end = next((n for n, part in enumerate(parts) if part in _PARTS), max(len(parts) - 1, 0))
    return "/".join((target.root.path.rstrip("/"), *parts[:end]))
