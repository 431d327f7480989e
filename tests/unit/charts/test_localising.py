"""Images in templates and values, put in terms of those that were built."""

from __future__ import annotations

import pytest

from edk.domain.charts.addressing import addressed_path, addressed_repository, original_of
from edk.domain.charts.local_images import LocalImage, chart_references
from edk.domain.charts.localising import localise_images, localise_listed, localise_passed_image

DIGEST = "sha256:" + "0123456789abcdef" * 4
REF = f"localhost:32000/mine@{DIGEST}"
REFS = {"mine": REF, "mine-too": f"localhost:32000/mine-too@{DIGEST}"}
REGISTRY = "{{ .Values.global.registry_url }}"
VERSION = "{{ .Values.global.kaapana_build_version }}"


@pytest.mark.parametrize(
    "written",
    [
        REGISTRY + "/mine:" + VERSION,
        "{{ .Values.global.registry_url }}/mine:{{ .Values.global.kaapana_build_version  }}",
        "{{- $.Values.global.registry_url -}}/mine:{{ .Chart.Version }}",
        "{{ .Values.global.custom_registry_url }}/mine:0.1.0",
        "{{- if .Values.global.custom_registry_url }}{{ .Values.global.custom_registry_url }}{{- else}}"
        "{{ .Values.global.registry_url }}{{- end }}/mine:{{ .Chart.Version }}",
        "localhost:32000/mine:0.1.0",
        "localhost:32000/mine:" + VERSION,
    ],
)
@pytest.mark.parametrize("around", ['image: "%s"', "image: %s", "args: ['%s', 'x']", '{"image": "%s"}', "%s"])
def test_a_whole_reference_becomes_the_one_that_was_built(written: str, around: str) -> None:
    """However registry and tag are written, and wherever the reference stands."""
    assert around % REF == localise_images(around % written, REFS, "localhost:32000", REFS)


@pytest.mark.parametrize(
    "text",
    [
        f'image: "{REGISTRY}/theirs:{VERSION}"',
        f'image: "{REGISTRY}/mine-not:{VERSION}"',
        f'image: "{REGISTRY}/{{{{ .Values.global.image }}}}:{VERSION}"',
        f'image: "other.example.org/localhost:32000/mine:{VERSION}"',
        f'image: "localhost:32000/mine@sha256:{"f" * 64}"',
        'image: "notlocalhost:32000/mine:1"',
    ],
)
def test_other_references_stay(text: str) -> None:
    """Of other images, with a name that only helm knows, in other registries, and by digest."""
    assert text == localise_images(text, REFS, "localhost:32000", REFS)


def test_a_tag_in_two_parts_stays_and_its_registry_is_the_local_one() -> None:
    """What is written in an unusual way is not guessed at; the check of the packaged chart finds it."""
    text = f'image: "{REGISTRY}/mine:{VERSION}-{{{{ .Values.flavour }}}}"'

    assert f'image: "localhost:32000/mine:{VERSION}-{{{{ .Values.flavour }}}}"' == localise_images(
        text, REFS, "localhost:32000", REFS
    )


def test_an_image_passed_by_name_becomes_the_one_that_was_built() -> None:
    """The model installer of the platform is given its image as a value."""
    text = 'image: "{{ .Values.global.registry_url }}/{{ .Values.image}}:{{ .Values.global.kaapana_build_version  }}"'

    assert f'image: "{REF}"' == localise_passed_image(text, "localhost:32000", REF)
    assert text.replace(REGISTRY, "localhost:32000") == localise_passed_image(text, "localhost:32000")


def test_a_list_of_containers_is_looked_up_by_helm() -> None:
    """Which image it is, is known in the loop alone; one that is not built here stays as written."""
    text = 'image: "{{ $.Values.global.registry_url }}/{{ . }}:{{ $.Values.global.kaapana_build_version }}"'

    after = localise_listed(text, {"mine": REF})

    looked_up = f'{{{{ with get (dict "mine" "{REF}") (toString .) }}}}{{{{ . }}}}{{{{ else }}}}'
    assert text.replace('image: "', f'image: "{looked_up}')[:-1] + '{{ end }}"' == after
    assert text == localise_listed(text, {})


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("digest", {"mine": REF}), ("tag", {"mine": "localhost:32000/mine:0.6.0"}), ("as-written", {})],
)
def test_the_mode_decides_what_charts_name_images_by(mode: str, expected: dict[str, str]) -> None:
    """By digest, by the first tag, or not at all."""
    images = [LocalImage("mine", DIGEST, ("0.6.0", "0.0.0"))]

    assert expected == chart_references(images, "localhost:32000", mode)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["dag-x", "group/dag-x"])
def test_the_path_of_an_image_leads_back_to_it(name: str) -> None:
    """A content-addressed repository tells which image it holds."""
    repository = addressed_repository(name, DIGEST)

    assert f"{addressed_path(DIGEST)}/{name}" == repository == f"edk/0123456789abcdef/{name}"
    assert (name, "0123456789abcdef") == original_of(repository)
    assert original_of(name) is None
    assert original_of("edk/not-a-digest/x") is None
