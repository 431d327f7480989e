"""The record of how an image came to be: what is in it, what must not be, and where it is found again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edk.domain import events as ev
from edk.domain.artifacts import Document as Doc
from edk.domain.artifacts import entries, fallback_tag, index_with, latest
from edk.domain.errors import InfrastructureError, RegistryUnreachableError, UsageError
from edk.domain.labels import Origin
from edk.domain.provenance import MAX_PARTS, BuildFacts, Dependency, canonical, statement
from edk.domain.redaction import MASK
from edk.orchestrator.attesting import attach, attached
from edk.orchestrator.documents import document_of, standing_image
from edk.ui.provenance_text import provenance_lines
from tests.fakes.history import COMMIT, FakeHistory, FakeRecords
from tests.unit.core.bench import Bench
from tests.unit.core.building import base, dockerfile

TREE = {
    "base/Dockerfile": base("base", "FROM scratch"),
    "x/Dockerfile": dockerfile("x", "FROM local-only/base:latest", "ARG MODE", "ARG MY_TOKEN", "COPY a /"),
    "x/a": "a",
}
ARGS = (("MODE", "fast"), ("MY_TOKEN", "s3cret-value"), ("UNUSED", "u"))


class FakeInventory:
    """The Inventory port; `wrong` is raised if set."""

    def __init__(self, wrong: Exception | None = None) -> None:
        self.wrong = wrong
        self.asked: list[tuple[str, str]] = []

    def check(self) -> None:
        """Be there."""
        if isinstance(self.wrong, UsageError):
            raise self.wrong

    def bill(self, repository: str, digest: str) -> bytes:
        """List nothing but a label that holds a secret."""
        self.asked.append((repository, digest))
        if self.wrong:
            raise self.wrong
        return b'{"bomFormat":"CycloneDX","label":"s3cret-value"}'


def built(records: FakeRecords | None = None, inventory: FakeInventory | None = None, **settings: object) -> Bench:
    """A bench after a build of everything."""
    bench = Bench(TREE, **{"build_args": ARGS, **settings})
    held = {f"ext/{path}": content for path, content in TREE.items()}
    bench.services = replace(
        bench.services,
        history=FakeHistory("/w", held),
        records=FakeRecords() if records is None else records,
        inventory=inventory,
    )
    bench.build()
    return bench


def digest_of(bench: Bench, name: str = "x", tag: str = "0.6.0") -> str:
    """The digest of what stands under a tag."""
    found = bench.registry.head(name, tag)
    assert found is not None
    return found.digest


def record(bench: Bench) -> dict[str, Any]:
    """The record of the image x."""
    assert isinstance(bench.services.records, FakeRecords)
    content: dict[str, Any] = json.loads(bench.services.records.kept["provenance", digest_of(bench)])
    return content


def test_the_record_says_how_the_image_came_to_be() -> None:
    """Image, sources, bases, arguments, inputs, builder and times, in the words of in-toto and SLSA."""
    bench = built()
    found = record(bench)
    definition = found["predicate"]["buildDefinition"]
    bases = digest_of(bench, "base", "latest").removeprefix("sha256:")

    assert "https://in-toto.io/Statement/v1" == found["_type"]
    assert "https://slsa.dev/provenance/v1" == found["predicateType"]
    assert [
        {"name": "localhost:32000/x", "digest": {"sha256": digest_of(bench).removeprefix("sha256:")}}
    ] == found["subject"]
    assert "ext/x/Dockerfile" == definition["externalParameters"]["dockerfile"]
    assert [
        {
            "name": "source",
            "uri": "git+https://git.example.org/x",
            "digest": {"gitCommit": COMMIT},
            "annotations": {"dirty": False},
        },
        {"uri": "pkg:docker/localhost%3A32000/base@latest", "digest": {"sha256": bases}},
    ] == definition["resolvedDependencies"]
    assert bench.plan().images[-1].fingerprint == definition["internalParameters"]["fingerprint"]
    assert {"a", "the Dockerfile"} <= definition["internalParameters"]["parts"].keys()
    assert {"edk", bench.builder.describe().name} <= found["predicate"]["runDetails"]["builder"]["version"].keys()
    assert "2023-11-14T22:13:20Z" == found["predicate"]["runDetails"]["metadata"]["startedOn"]


def test_arguments_are_told_by_name_and_hash_and_secrets_by_name_alone() -> None:
    """A short secret could be found by hashing guesses; what is not declared is not told at all."""
    found = record(built())["predicate"]["buildDefinition"]
    arguments = found["externalParameters"]["buildArguments"]

    assert ["MODE", "MY_TOKEN"] == sorted(arguments)
    assert arguments["MODE"].startswith("sha256:")
    assert "hidden" == arguments["MY_TOKEN"]
    assert "hidden" == found["internalParameters"]["parts"]["build argument MY_TOKEN"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=4, max_size=30))
def test_no_secret_is_in_a_record(secret: str) -> None:
    """Neither as it is nor as its hash, whatever it is; names of fields and values of ours are longer than it."""
    facts = BuildFacts(
        "localhost:32000/x", "sha256:1", Origin(), "", (("MY_TOKEN", f"<{secret}>"),), (), "f",
        {"build argument MY_TOKEN": f"<{secret}>"}, {}, "",
    )  # fmt: skip

    assert f"<{secret}>".encode() not in canonical(statement(facts))


def test_json_is_of_one_form() -> None:
    """Sorted, without blanks, as UTF-8, also where a file's name is none."""
    assert '{"a":[1,true,"ü"],"b":"\\\\udcff"}'.encode() == canonical({"b": "\udcff", "a": [1, True, "ü"]})


def test_a_huge_context_is_counted() -> None:
    """The fingerprint stands for it."""
    parts = {f"file {n}": "x" for n in range(MAX_PARTS + 1)}
    facts = BuildFacts("x", "sha256:1", Origin(), "", (), (Dependency("a:1", ""),), "f", parts, {}, "")
    inner = statement(facts)["predicate"]["buildDefinition"]

    assert {"fingerprint": "f", "partsLeftOut": MAX_PARTS + 1} == inner["internalParameters"]
    assert [{"uri": "pkg:docker/a@1"}] == inner["resolvedDependencies"]


@pytest.mark.parametrize(
    ("source", "uri"),
    [("https://h/x.git", "git+https://h/x.git"), ("git@h:x/y.git", "git+ssh://git@h/x/y.git"), ("", None)],
)
def test_the_source_is_an_address(source: str, uri: str | None) -> None:
    """Also where git writes it without a scheme."""
    facts = BuildFacts("x", "sha256:1", Origin(revision="c", source=source), "", (), (), "f", {}, {}, "")
    (found,) = statement(facts)["predicate"]["buildDefinition"]["resolvedDependencies"]

    assert uri == found.get("uri")


def test_a_full_disk_fails_no_build() -> None:
    """It is told, and the image stands."""
    bench = built(FakeRecords(full=True))

    told = [e.message for e in bench.sink.events if isinstance(e, ev.Noticed)]
    assert "the provenance of x could not be kept: [Errno 28] No space left on device" in told
    assert digest_of(bench)


def test_people_read_it_as_lines() -> None:
    """What is known, with what is not committed."""
    found = record(built())
    found["predicate"]["buildDefinition"]["resolvedDependencies"][0]["annotations"]["dirty"] = True
    lines = list(provenance_lines(found))

    assert f"source       git+https://git.example.org/x {COMMIT}, with changes that are not committed" in lines
    assert any(line.startswith("from         pkg:docker/localhost%3A32000/base@latest sha256:") for line in lines)
    assert "argument     MY_TOKEN (hidden)" in lines


@pytest.mark.parametrize(
    "damaged", [{}, {"subject": 1, "predicate": []}, {"predicate": {"runDetails": {"builder": 1}}}]
)
def test_a_damaged_record_is_shown_as_far_as_it_goes(damaged: dict[str, object]) -> None:
    """It was fetched from a registry, where anybody may have put it."""
    assert list(provenance_lines(damaged))


def test_attested_documents_are_found_beside_the_image() -> None:
    """By another machine, whose state knows nothing; a new one takes the place of the old."""
    bench = built(inventory=FakeInventory(), attest=True, sbom=True)
    services = replace(bench.services, records=FakeRecords())
    image = standing_image(services, "x")

    assert record(bench) == json.loads(document_of(services, image, "provenance") or b"")
    bill = document_of(services, image, "sbom") or b""
    assert {"bomFormat": "CycloneDX", "label": MASK} == json.loads(bill)
    assert ("0.6.0", fallback_tag(image.digest)) == bench.registry.tags("x")

    attach(bench.registry, "x", image.digest, Doc("sbom", "a/b", b"newer"), "2030-01-01T00:00:00Z")
    assert b"newer" == attached(bench.registry, "x", image.digest, "sbom")
    index = bench.registry.manifest("x", fallback_tag(image.digest))
    assert 2 == len(entries(index[1] if index else None))


def test_a_registry_with_a_list_of_its_own_needs_no_tag() -> None:
    """It lists what refers to an image by itself."""
    bench = built()
    index = index_with(None, Doc("sbom", "a/b", b"x"), b"m", "2026-01-01T00:00:00Z")
    bench.registry.referrers = lambda repository, digest: index  # type: ignore[method-assign, assignment]
    attach(bench.registry, "x", digest_of(bench), Doc("sbom", "a/b", b"x"), "2026-01-01T00:00:00Z")

    assert ("0.6.0",) == bench.registry.tags("x")


def test_nothing_is_attested_unless_asked_for() -> None:
    """The registry holds what it held before."""
    bench = built()

    assert ("0.6.0",) == bench.registry.tags("x")
    assert attached(bench.registry, "x", digest_of(bench), "provenance") is None


def test_a_registry_that_fails_then_is_told_with_what_to_do() -> None:
    """The image was pushed already."""
    bench = Bench(TREE, attest=True)
    bench.services = replace(bench.services, records=FakeRecords())
    bench.registry.fail("upload", RegistryUnreachableError("gone"), RegistryUnreachableError("gone"))
    bench.build()

    told = [(e.message, e.hint) for e in bench.sink.events if isinstance(e, ev.Noticed)]
    what, later = "the provenance of {} is not in the registry: gone", "edk provenance {} --attest puts it there later"
    assert [(what.format(name), later.format(name)) for name in ("base", "x")] == told


def test_a_bill_that_can_not_be_made_is_told() -> None:
    """The image stands, and its provenance is kept."""
    bench = built(inventory=FakeInventory(InfrastructureError("syft failed", "run it again")), sbom=True)

    assert ("no bill of materials of x could be made: syft failed", "run it again") in [
        (e.message, e.hint) for e in bench.sink.events if isinstance(e, ev.Noticed)
    ]
    assert record(bench)


def test_what_others_attached_stays() -> None:
    """Signatures, for example, stand in the same index."""
    theirs = {"mediaType": "m", "digest": "sha256:1", "size": 1, "artifactType": "sig"}
    index = json.dumps({"manifests": [theirs, "damaged"]}).encode()
    first = index_with(index, Doc("sbom", "a/b", b"1"), b"m1", "2026-01-01T00:00:00Z")
    second = index_with(first, Doc("sbom", "a/b", b"2"), b"m2", "2026-01-02T00:00:00Z")

    assert [theirs, "a/b"] == [entries(second)[0], entries(second)[1]["artifactType"]]
    assert 2 == len(entries(second))
    assert latest(second, "sbom") == entries(second)[1]["digest"]
    assert "" == latest(b"no index", "sbom")


@pytest.mark.parametrize("named", ["x", "x:0.6.0", "localhost:32000/x", "localhost:32000/x:0.6.0"])
def test_an_image_is_named_with_or_without_tag_and_registry(named: str) -> None:
    """As people have it at hand."""
    bench = built()

    assert digest_of(bench) == standing_image(bench.services, named).digest
    assert digest_of(bench) == standing_image(bench.services, f"x@{digest_of(bench)}").digest


@pytest.mark.parametrize(("named", "hint"), [("x:9", "it has the tags 0.6.0"), ("y", "edk plan"), ("!", "NAME:TAG")])
def test_an_image_that_is_not_there_is_a_wrong_use(named: str, hint: str) -> None:
    """With what there is instead."""
    with pytest.raises(UsageError) as raised:
        standing_image(built().services, named)

    assert hint in raised.value.hint
