"""The graph: which targets are needed, and which stand on which."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from edk.domain.codes import resolving as codes
from edk.domain.named import by_folder, circular_names, rewritten_files, without_name
from edk.domain.reference import LocalName, split_local, substitute, valid_name, valid_tag, variables_of
from edk.domain.resolve import Catalog, Names, Reference, Resolution, ResolvedImage, ResolvedPlace, tags_of
from edk.domain.upstream import replace_upstream
from edk.domain.workspace import LocatedDiagnostic, Target

if TYPE_CHECKING:
    from edk.domain.diagnostics import Diagnostic
    from edk.domain.dockerfile.model import ImageUse
    from edk.domain.reference_mode import ReferenceMode
    from edk.domain.references import RewrittenFile

Role = Literal["base", "processing", "dag", "other"]
SCRATCH = "scratch"


class BaseLink(Struct, frozen=True):
    """One image that a Dockerfile names.

    Args:
        index: of the image use in the reading.
        ref: as the Dockerfile names it, ARGs substituted.
        target: key of the target that yields it; empty if it is external.
        external: the reference to use for an external one, overrides and mirrors applied; empty otherwise.
        line: in the Dockerfile.
    """

    index: int
    ref: str
    target: str
    external: str
    line: int

    @property
    def position(self) -> str:
        """Return what tells it from the Dockerfile's other images, as its part of the fingerprint is called."""
        return f"{self.ref} of line {self.line}"


class Node(Struct, frozen=True):
    """A target in the graph.

    Args:
        target: the target.
        bases: every image that its build needs.
        tags: that it must have in the registry.
        references: who refers to it.
        role: what it is for.
        problem: why it can't be built; empty if it can.
        files: of its context, those of which it gets rewritten copies: they name images that are built here.
    """

    target: Target
    bases: tuple[BaseLink, ...]
    tags: tuple[str, ...]
    references: tuple[Reference, ...]
    role: Role
    problem: str = ""
    files: tuple[RewrittenFile, ...] = ()

    @property
    def key(self) -> str:
        """Return the target's identity."""
        return self.target.key

    @property
    def buildable(self) -> bool:
        """Return whether it may be built: it has a name, is not set to be ignored, and nothing keeps it from it."""
        return bool(self.target.name) and not self.target.build_ignore and not self.problem

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Return the keys of the targets it stands on or names, without repetition, in order."""
        return tuple(dict.fromkeys((*(base.target for base in self.bases if base.target), *self.names)))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the keys of the targets that its rewritten files name, without repetition, in order."""
        return tuple(dict.fromkeys(key for file in self.files for key in file.targets))


class BuildGraph(Struct, frozen=True):
    """Needed targets in an order in which each stands behind those that it depends on.

    Targets of a circle come last, with the circle as their problem.
    """

    nodes: tuple[Node, ...]
    images: tuple[ResolvedImage, ...] = ()
    diagnostics: tuple[LocatedDiagnostic, ...] = ()
    places: tuple[ResolvedPlace, ...] = ()

    @property
    def by_key(self) -> dict[str, Node]:
        """Return the nodes by their targets' identity."""
        return {node.key: node for node in self.nodes}


class GraphRules(Struct, frozen=True):
    """How references become edges.

    Args:
        names: what names mean.
        overrides: of upstream references.
        mirrors: of upstream registries.
        all_stages: whether stages that the last one does not need are built too (the classic builder).
        references: what copies of operators and DAGs name their images by.
    """

    names: Names
    overrides: Mapping[str, str]
    mirrors: Mapping[str, str]
    all_stages: bool = False
    references: ReferenceMode = "digest"


class _Builder:
    """Collects nodes and diagnostics while the graph is walked."""

    def __init__(self, catalog: Catalog, resolution: Resolution, rules: GraphRules) -> None:
        self.catalog = catalog
        self.resolution = resolution
        self.rules = rules
        self.nodes: dict[str, Node] = {}
        self.diagnostics: list[LocatedDiagnostic] = list(resolution.diagnostics)
        self.base_tags: dict[str, list[Reference]] = {}
        self.targets = {target.key: target for targets in catalog.by_name.values() for target in targets}
        self.places = by_folder(resolution.places)

    def tell(self, target: Target, diagnostic: Diagnostic) -> str:
        """Note a diagnostic of a target and return its message, the problem of the target."""
        self.diagnostics.append(LocatedDiagnostic(target.root, diagnostic))
        return f"{diagnostic.message} ({diagnostic.code})"

    def add(self, target: Target) -> Iterable[Target]:
        """Add a target and return the targets that it stands on."""
        problem = self._problem_of(target)
        links: list[BaseLink] = []
        below: list[Target] = []
        for index, use in enumerate(target.reading.images):
            if not (use.needed or self.rules.all_stages) or use.ref in {"", SCRATCH}:
                continue
            link, found, trouble = self._link(target, index)
            problem = problem or trouble
            links.append(link)
            below.extend(found)
        ships = self.rules.references != "as-written" and self._ships_dags(target, links)
        files = rewritten_files(target, self.places.get((target.root, target.context), ())) if ships else ()
        self.nodes[target.key] = Node(target, tuple(links), (), (), "other", problem, files)
        return (*below, *(self.targets[key] for file in files for key in file.targets))

    def _ships_dags(self, target: Target, links: Sequence[BaseLink]) -> bool:
        references = self.resolution.references.get(target.key, ())
        return any(r.how == "dag" for r in references) or any(_is_installer(link) for link in links)

    def _problem_of(self, target: Target) -> str:
        reading = target.reading
        errors = [d for d in reading.diagnostics if d.severity == "error"]
        if errors:
            if target.root.kind != "extension":
                for error in errors:
                    self.tell(target, replace(error, file=target.dockerfile))
            return f"{target.dockerfile}:{errors[0].line}: {errors[0].message} ({errors[0].code})"
        if not target.name:
            if target.root.kind == "extension":
                message = "no label IMAGE; the Dockerfile is not built"
                self.tell(target, codes.NO_IMAGE_LABEL.at(target.dockerfile, 0, message))
            return ""
        if not valid_name(target.name):
            message = f"{target.name!r} is not allowed as the name of an image"
            return self.tell(target, codes.INVALID_NAME.at(target.dockerfile, target.name_line, message))
        same = self.catalog.find(target.name)
        if len(same) > 1 and target in same:
            message = f"{target.name!r} is yielded by {_places(same)}"
            return self.tell(target, codes.AMBIGUOUS.at(target.dockerfile, target.name_line, message))
        return ""

    def _link(self, target: Target, index: int) -> tuple[BaseLink, tuple[Target, ...], str]:
        use = target.reading.images[index]
        names = self.rules.names
        ref = substitute(use.ref, names.variables)
        local = split_local(ref, names.aliases)
        if local is None:
            external = replace_upstream(ref, self.rules.overrides, self.rules.mirrors)
            return BaseLink(index, ref, "", external, use.line), (), ""
        found = self.catalog.find(local.name)
        if local.digest or not found:
            external, problem = self._unbuilt(target, use, ref, local, found)
            return BaseLink(index, ref, "", external, use.line), (), problem
        base = found[0]
        if len(found) > 1:
            message = f"{ref!r} is yielded by {_places(found)}"
            problem = self.tell(target, codes.AMBIGUOUS.at(target.dockerfile, use.line, message))
            return BaseLink(index, ref, base.key, "", use.line), found, problem
        tag = local.tag if not variables_of(local.tag) else ""
        self.base_tags.setdefault(base.key, []).append(Reference(target.dockerfile, use.line, target.name, "base", tag))
        problem = ""
        if base.build_ignore:
            message = f"{ref!r} is set to be ignored by {base.dockerfile}"
            problem = self.tell(target, codes.IGNORED_BASE.at(target.dockerfile, use.line, message))
        return BaseLink(index, ref, base.key, "", use.line), (base,), problem

    def _unbuilt(
        self, target: Target, use: ImageUse, ref: str, local: LocalName, found: Sequence[Target]
    ) -> tuple[str, str]:
        """Return the reference to use for an image that is not built here, and the target's problem if there is one.

        Somebody who pins a digest means exactly that image, whatever its Dockerfile says today.
        """
        names = self.rules.names
        if names.platform_registry and ref.startswith(f"{names.platform_registry}/"):
            return replace_upstream(ref, self.rules.overrides, self.rules.mirrors), ""
        if not found and ref.startswith("local-only/"):
            near = self.catalog.near(local.name)
            hint = f"did you mean {' or '.join(f'local-only/{n}' for n in near)}?" if near else ""
            message = f"no Dockerfile yields {ref!r}"
            return ref, self.tell(target, codes.UNKNOWN_BASE.at(target.dockerfile, use.line, message, hint))
        # By the registry's own name: an engine would look for local-only/ in a registry outside.
        return f"{names.registry}/{local.name}{_suffix(ref)}", ""


def _is_installer(link: BaseLink) -> bool:
    """Tell whether an image is the platform's base for DAG images."""
    return link.ref.rpartition("/")[2].startswith("base-installer")


def _places(targets: Iterable[Target]) -> str:
    """Return where targets are, so that they can be told apart: with their roots if these differ."""
    found = tuple(targets)
    roots = {t.root.path for t in found}
    return " and ".join(t.dockerfile if len(roots) == 1 else t.key for t in found)


def _suffix(ref: str) -> str:
    """Return tag and digest of a reference with their separators."""
    name, at, digest = ref.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return colon + tag + at + digest


def build_graph(selected: Iterable[Target], catalog: Catalog, resolution: Resolution, rules: GraphRules) -> BuildGraph:
    """Return the graph of the targets selected and everything under them.

    Args:
        selected: targets that are wanted for themselves.
        catalog: all targets.
        resolution: who refers to what.
        rules: how references become edges.
    """
    builder = _Builder(catalog, resolution, rules)
    pending = list(selected)
    while pending:
        target = pending.pop()
        if target.key not in builder.nodes:
            pending.extend(builder.add(target))
    _drop_circular_names(builder)
    nodes = {key: _finished(node, builder) for key, node in builder.nodes.items()}
    ordered = _ordered(nodes, builder)
    return BuildGraph(
        tuple(ordered),
        tuple(resolution.images),
        tuple(dict.fromkeys(builder.diagnostics)),
        tuple(resolution.places),
    )


def _drop_circular_names(builder: _Builder) -> None:
    """Leave as written what a file names that can't be built before the image that ships the file."""
    bases = {key: [base.target for base in node.bases if base.target] for key, node in builder.nodes.items()}
    names = {key: node.names for key, node in builder.nodes.items() if node.files}
    for key, name in circular_names(bases, names):
        node = builder.nodes[key]
        builder.nodes[key] = replace(node, files=without_name(node.files, name))
        label = builder.targets[name].label
        message = f"{node.target.label} ships a file that names {label}, which can't be built before it"
        builder.tell(node.target, codes.NAMES_ITSELF.at(node.target.dockerfile, 0, message))


def _finished(node: Node, builder: _Builder) -> Node:
    """Return a node with its tags, references and role, now that all others are known."""
    references = tuple(builder.resolution.references.get(node.key, ()))
    stood_on = builder.base_tags.get(node.key, [])
    build_version = builder.rules.names.build_version
    tags = tags_of(node.target, (*references, *stood_on), build_version) if node.target.name else ()
    problem = node.problem
    bad = next((tag for tag in tags if not valid_tag(tag)), "")
    if bad and not problem:
        message = f"{bad!r} is not allowed as a tag"
        problem = builder.tell(node.target, codes.INVALID_NAME.at(node.target.dockerfile, 0, message))
    return replace(
        node, tags=tags, references=references, role=_role(node, references, bool(stood_on)), problem=problem
    )


def _role(node: Node, references: Iterable[Reference], stood_on: bool) -> Role:
    hows = {reference.how for reference in references}
    if node.target.local_only or stood_on:
        return "base"
    if "dag" in hows or any(_is_installer(base) for base in node.bases):
        return "dag"
    return "processing" if hows & {"operator", "processing"} else "other"


def _ordered(nodes: dict[str, Node], builder: _Builder) -> list[Node]:
    """Return the nodes with bases first; those of a circle get it as their problem."""
    edges = {key: [d for d in node.depends_on if d in nodes] for key, node in sorted(nodes.items())}
    cyclic: list[str] = []
    while True:
        try:
            order = list(graphlib.TopologicalSorter(edges).static_order())
        except graphlib.CycleError as error:
            # graphlib lists each before the one that it is a predecessor of, the first one again at the end.
            circle = list(dict.fromkeys(reversed(error.args[1])))
            _tell_circle(circle, nodes, builder)
            cyclic.extend(circle)
            edges = {k: [d for d in ds if d not in circle] for k, ds in edges.items() if k not in circle}
            continue
        return [nodes[key] for key in order] + [nodes[key] for key in cyclic]


def _tell_circle(circle: list[str], nodes: dict[str, Node], builder: _Builder) -> None:
    """Give every node of a circle the circle as its problem."""
    for position, key in enumerate(circle):
        node = nodes[key]
        turned = circle[position:] + circle[:position]
        names = " → ".join(nodes[k].target.label for k in (*turned, key))
        following = turned[1 % len(turned)]
        line = next((base.line for base in node.bases if base.target == following), 0)
        message = f"images stand on each other in a circle: {names}"
        diagnostic = codes.CYCLE.at(node.target.dockerfile, line, message)
        nodes[key] = replace(node, problem=node.problem or builder.tell(node.target, diagnostic))


def waves(graph: BuildGraph) -> tuple[tuple[str, ...], ...]:
    """Return keys that can run together, wave after wave; what can't be built, or is ignored, is left out."""
    level: dict[str, int] = {}
    keys = {node.key for node in graph.nodes}
    for node in graph.nodes:
        below = [d for d in node.depends_on if d in keys]
        if node.buildable and all(d in level for d in below):
            level[node.key] = max((level[d] + 1 for d in below), default=0)
    result: list[list[str]] = []
    for key, depth in level.items():
        while len(result) <= depth:
            result.append([])
        result[depth].append(key)
    return tuple(tuple(keys) for keys in result)
