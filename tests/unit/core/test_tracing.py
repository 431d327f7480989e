"""The links of a trace, and the files that a DAG image really holds."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest

from edk.domain.tracing import Link, Named, Trace, judge_nodes, judge_reference
from edk.orchestrator.shipped import references_in, shipped_files
from edk.ui.trace_text import trace_lines, traces_as_json
from tests.fakes.cache import FakeCache
from tests.fakes.registry import MANIFEST, FakeRegistry, config_of, digest_of

NEW, OLD = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("named", "wanted", "state", "why"),
    [
        (Named("r/x@d", NEW, fixed=True), NEW, "ok", ""),
        (Named("r/x:1", NEW, fixed=False), NEW, "ok", "by its tag"),
        (Named("r/x@d", OLD, fixed=True), NEW, "stale", "it leads to"),
        (Named("r/x:1", "", fixed=False), NEW, "missing", "leads to nothing"),
        (Named("r/x:1", NEW, fixed=False), "", "unknown", "the image itself"),
    ],
)
def test_a_reference_leads_to_the_image_or_it_is_said_why_not(named: Named, wanted: str, state: str, why: str) -> None:
    """By digest and by tag, to another image, to none."""
    judged = judge_reference(named, wanted)

    assert state == judged[0]
    assert why in judged[1]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([("n1", (NEW,)), ("n2", ())], "on n1"),
        ([("n1", (NEW, OLD)), ("n2", (OLD,))], "on n1; only older ones on n2"),
        ([("n1", (OLD,))], "older ones on n1; the next run pulls it"),
        ([], "no node tells of it"),
    ],
)
def test_what_nodes_have(nodes: list[tuple[str, tuple[str, ...]]], words: str) -> None:
    """A node without the image is no fault: a reference by digest makes it pull."""
    assert ("ok", words) == (judge_nodes(nodes, NEW)[0], judge_nodes(nodes, NEW)[1][: len(words)])


def test_the_first_stale_link_is_the_verdict() -> None:
    """With its remedy, as text and as JSON."""
    links = (
        Link("source", "a.py", NEW),
        Link("registry", "x", OLD, "stale", "older", "edk build --dir /x"),
        Link("chart", "c", "", "missing"),
        Link("cluster", "x", "", "unknown", "none"),
    )
    trace = Trace("x", links)

    assert "  → stale at the registry (x): edk build --dir /x" == list(trace_lines([trace]))[-1]
    values = traces_as_json([trace])
    assert (False, "registry", "edk build --dir /x") == (
        values["fresh"],
        values["images"][0]["stale_at"],
        values["images"][0]["remedy"],
    )


def test_what_could_not_be_looked_at_is_said() -> None:
    """Fresh, as far as can be seen."""
    trace = Trace("x", (Link("source", "a.py", NEW), Link("cluster", "x", "", "unknown", "none")))

    assert "as far as can be seen (not looked at: nodes)" in list(trace_lines([trace]))[-1]


def layer(files: dict[str, str], *, zipped: bool = True) -> bytes:
    """Return a layer of files; a name that ends in a slash is left out."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(out.getvalue()) if zipped else out.getvalue()


def stored(registry: FakeRegistry, repository: str, *layers: bytes) -> str:
    """Store an image of some layers, and return its digest."""
    config = config_of({})
    described = []
    for content in (config, *layers):
        registry.upload(repository, digest_of(content), len(content), [content])
        described.append({"mediaType": "x", "digest": digest_of(content), "size": len(content)})
    manifest = {"schemaVersion": 2, "config": described[0], "layers": described[1:]}
    return registry.put_manifest(repository, "1", MANIFEST, json.dumps(manifest).encode())


BASE = layer({"usr/lib/base.py": "x = 'localhost:32000/seg:1'\n"})


def test_the_files_that_an_image_adds_to_its_base() -> None:
    """Python files of its own layers, the later ones winning, whiteouts removing; nothing of the base."""
    registry, cache = FakeRegistry(), FakeCache()
    base = stored(registry, "base", BASE)
    digest = stored(
        registry,
        "dag",
        BASE,
        layer({"kaapana/a.py": "1", "./kaapana/b.py": "2", "kaapana/gone.py": "3", "kaapana/old/c.py": "4", "x": "5"}),
        layer({"kaapana/b.py": "22", "kaapana/.wh.gone.py": "", "kaapana/.wh.old": ""}, zipped=False),
    )

    files = shipped_files(registry, cache, "dag", digest, f"base@{base}")

    assert {"kaapana/a.py": b"1", "kaapana/b.py": b"22"} == files
    registry.calls.clear()
    assert files == shipped_files(registry, cache, "dag", digest, f"base@{base}")
    assert [] == registry.calls


def test_a_layer_in_several_pieces_of_gzip() -> None:
    """As estargz and parallel compressors write them: all of it counts; what is cut counts for nothing."""
    plain = layer({"a.py": "1" * 2000, "b.py": "2"}, zipped=False)
    pieces = gzip.compress(plain[:700]) + gzip.compress(plain[700:])
    registry = FakeRegistry()
    whole, cut = stored(registry, "dag", pieces), stored(registry, "cut", pieces[:-20])

    assert {"a.py", "b.py"} == shipped_files(registry, FakeCache(), "dag", whole, "").keys()
    assert {} == shipped_files(registry, FakeCache(), "cut", cut, "")


def test_a_layer_that_is_no_tar_adds_nothing() -> None:
    """What is compressed in another way, or broken, is passed over."""
    registry = FakeRegistry()
    digest = stored(registry, "dag", b"\x28\xb5\x2f\xfd zstd", layer({"a.py": "1"}))

    assert {"a.py": b"1"} == shipped_files(registry, FakeCache(), "dag", digest, "")


def test_references_that_are_shipped_as_they_were_written() -> None:
    """By their variables: what they lead to, only a run knows."""
    text = (
        "from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION\n"
        'op = XOperator(image=f"{DEFAULT_REGISTRY}/seg:{KAAPANA_BUILD_VERSION}")\n'
        'other = XOperator(image=f"{DEFAULT_REGISTRY}/theirs:{KAAPANA_BUILD_VERSION}")\n'
    )

    written = ("{DEFAULT_REGISTRY}/seg:{KAAPANA_BUILD_VERSION}",)
    assert {"d.py": written} == references_in({"d.py": text.encode()}, {"seg"})
