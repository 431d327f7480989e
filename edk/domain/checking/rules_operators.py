"""Rules about what operators and DAGs hand to the platform: ``env_vars`` and ``dev_server``."""

from __future__ import annotations

from collections.abc import Iterator

from edk.domain.checking.gathered import Gathered
from edk.domain.checking.model import FileEdit, Finding
from edk.domain.checking.python_facts import DevServer, Import, PythonFacts
from edk.domain.checking.uses import Use, uses
from edk.domain.codes import conventions as codes
from edk.domain.graph import Node
from edk.domain.operators.modules import find_module
from edk.domain.reference import split_local
from edk.domain.workspace import Root

Named = dict[tuple[Root, str, str], list[Use]]
"""Root, file and class → the images that it names."""

_SERVER = "code-server"
_WITH_SERVER = ("base-python-cpu", "base-python-gpu")


def operator_rules(gathered: Gathered) -> Iterator[Finding]:
    """Yield what operators and DAGs set wrongly."""
    roots = {root.path: root for root in gathered.plan.workspace.roots}
    named: Named = {}
    for use in uses(gathered):
        if use.how == "operator":
            named.setdefault((use.root, use.file, use.owner), []).append(use)
    for (path, file), facts in gathered.python.items():
        if (path, file) not in gathered.named:
            continue
        for value in facts.env_values:
            what = f"the key {value.key} is" if value.part == "key" else f"the value of {value.key} is"
            message = f"{what} {value.kind}, but variables of the environment are texts"
            mends = (FileEdit(file, facts.digest, value.edit),) if value.edit else ()
            found = codes.ENV_NOT_TEXT.at(file, value.line, message, column=value.column)
            yield Finding(roots[path], found, mends)
        for server in facts.dev_servers:
            yield from _dev_server(gathered, named, roots[path], file, facts, server)


def _dev_server(
    gathered: Gathered, named: Named, root: Root, file: str, facts: PythonFacts, server: DevServer
) -> Iterator[Finding]:
    if server.value != _SERVER:
        message = f"dev_server={server.value!r} is refused when the DAG is loaded"
        yield Finding(root, codes.DEV_SERVER_UNKNOWN.at(file, server.line, message, column=server.column))
        return
    defined, owner = _class_of(gathered, root, file, facts, server)
    for use in named.get((root, defined, owner), ()):
        for target in use.targets:
            node = gathered.by_key.get(target.key)
            if node is not None and not _has_server(gathered, node):
                message = f"the image {use.name!r} of {owner} has no code-server in it"
                yield Finding(root, codes.NO_CODE_SERVER.at(file, server.line, message, column=server.column))
                return


def _class_of(
    gathered: Gathered, root: Root, file: str, facts: PythonFacts, server: DevServer
) -> tuple[str, str]:
    """Return the file and the name of the class whose image the server would run in."""
    if not server.callee:
        return file, server.owner
    first, _, rest = server.callee.partition(".")
    known = gathered.python_paths.get(root.path, frozenset())
    for one in facts.imports:
        for name, local in one.names:
            if local == first and not rest:
                return find_module(file, one.module, known), name
            if local == first:
                return find_module(file, _joined(one, name), known), rest
    return file, server.callee


def _joined(one: Import, name: str) -> str:
    return f"{one.module}{'' if one.module.endswith('.') else '.'}{name}"


def _has_server(gathered: Gathered, node: Node) -> bool:
    """Tell whether code-server is, or may be, in an image: by what it stands on, and by what it runs."""
    by_key = gathered.by_key
    pending, done = [node], {node.key}
    while pending:
        current = pending.pop()
        target = current.target
        if target.root.kind == "bundled" or (target.local_only and target.name.startswith(_WITH_SERVER)):
            return True
        if any(i.keyword in ("RUN", "COPY", "ADD") and _SERVER in i.text for i in target.reading.instructions):
            return True
        for link in current.bases:
            if target.reading.images[link.index].how != "from":
                continue
            if not link.target and (_SERVER in link.ref or _is_ours(gathered, link.ref)):
                return True
            if link.target in by_key and link.target not in done:
                done.add(link.target)
                pending.append(by_key[link.target])
    return False


def _is_ours(gathered: Gathered, ref: str) -> bool:
    """Tell whether a base that is not built here comes from a registry of the platform: what is in it is not known."""
    return split_local(ref, gathered.names.aliases) is not None
