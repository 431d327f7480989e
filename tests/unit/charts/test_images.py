"""Images in templates and values."""

from __future__ import annotations

import time

import pytest

from edk.domain.charts.reading import read_chart

REGISTRY, VERSION = "{{ .Values.global.registry_url }}", "{{ .Values.global.kaapana_build_version  }}"
CHART = b'apiVersion: v2\nname: demo\nversion: "0.0.0"\nappVersion: "1.4"\n'
NAMED = "{DEFAULT_REGISTRY}/name:{KAAPANA_BUILD_VERSION}"


def images(template: str, values: str = "", path: str = "templates/a.yaml") -> list[tuple[str, int, str]]:
    """How, line, and the value or a question mark of each image."""
    files = {"Chart.yaml": CHART, "values.yaml": values.encode(), path: template.encode()}
    return [(i.how, i.line, i.value or "?") for i in read_chart("c", files).images]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f'image: "{REGISTRY}/name:{VERSION}"', [NAMED]),
        (f"- image: {REGISTRY}/name:{VERSION} # why", [NAMED]),
        (f"  - {{name: x, image: '{REGISTRY}/name:{VERSION}'}}", [NAMED]),
        (f'image: "{REGISTRY}/name:{VERSION}"'.replace("{{ ", "{{- $"), [NAMED]),
        ('image: "{{.Values.global.registry_url}}/name:{{.Values.global.kaapana_build_version}}"', [NAMED]),
        (
            'image: "{{- if .Values.global.custom_registry_url }}{{ .Values.global.custom_registry_url }}'
            '{{- else}}{{ .Values.global.registry_url }}{{- end }}/name:{{ .Chart.Version }}"',
            [NAMED],
        ),
        (f'image: "{REGISTRY}/{{{{ .Chart.Name }}}}:{{{{ .Chart.AppVersion }}}}"', ["{DEFAULT_REGISTRY}/demo:1.4"]),
        (f'image: "{REGISTRY}/{{{{ .Values.other }}}}:{VERSION}"', ["?"]),
        (f'image: "{REGISTRY}/{{{{ $item.name }}}}:{VERSION}"', ["?"]),
        ('image: {{ printf "%s/name:%s" .Values.global.registry_url .Values.global.kaapana_build_version }}', [NAMED]),
        ('image: {{ .Values.mine | default "busybox:1.36" | quote }}', ["busybox:1.36"]),
        ('image: "{{ if .Values.a }}one:1{{ else if .Values.b }}two:2{{ else }}three:3{{ end }}"',
         ["one:1", "two:2", "three:3"]),
        ("image: docker.io/library/nginx:1.27", ["docker.io/library/nginx:1.27"]),
        ("image: localhost:32000/name:0.1.0", ["localhost:32000/name:0.1.0"]),
        (f'value: "{REGISTRY}/name:{VERSION};{REGISTRY}/two:1"', [NAMED, "{DEFAULT_REGISTRY}/two:1"]),
        (f'value: "{REGISTRY}/{{{{ $c.name }}}}:{VERSION}"', []),
        (f'value: "{REGISTRY}"', []),
        (f'# image: "{REGISTRY}/name:{VERSION}"', []),
        (f'{{{{- /* image: "{REGISTRY}/name:1" */ -}}}}', []),
        ("imagePullPolicy: {{ .Values.global.pull_policy_images }}", []),
        ("imagePullSecrets:", []),
        ("image:", []),
        ('image: ""', []),
        ("image: {{ .Values.open", ["?"]),
        ("image: {repository: x}", []),
    ],
)  # fmt: skip
def test_images_are_found_in_templates_by_text(written: str, expected: list[str]) -> None:
    """Every form that real charts have gives its reference, or a place that is known to be unresolved."""
    assert [("template", 2, value) for value in expected] == images(f"kind: Pod\n{written}\n")


@pytest.mark.parametrize("path", ["templates/deep/er/a.yaml", "templates/_helpers.tpl"])
def test_sub_folders_and_helpers_count(path: str) -> None:
    """Images stand in all of templates/, in .tpl files as well."""
    assert [("template", 1, NAMED)] == images(f'image: "{REGISTRY}/name:{VERSION}"', path=path)


def test_values_fill_templates_in() -> None:
    """A reference passed through values by tpl is found in both places."""
    values = f'global:\n  complete_image: "{REGISTRY}/name:{VERSION}"\n'

    assert [("value", 2, NAMED), ("template", 1, NAMED)] == images(
        'image: "{{ tpl .Values.global.complete_image . }}"', values
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("a: localhost:32000/x:1\n", [("value", 1, "localhost:32000/x:1")]),
        ("a:\n  repository: localhost:32000/x\n  tag: 1.10\n", [("value", 2, "localhost:32000/x:1.10")]),
        ("a: docker.io/x/y:1\n", []),
        ("a: /kaapana/mounted\n", []),
        ("global:\n  custom_registry_url: localhost:32000/x\n", []),
        (f'some_image: "{REGISTRY}/{{{{ .Values.x }}}}:1"\n', [("value", 1, "?")]),
    ],
)
def test_references_to_the_platform_are_found_in_values(values: str, expected: list[tuple[str, int, str]]) -> None:
    """Only what points to the platform's or the local registry is an image there."""
    assert expected == images("", values)


def test_values_that_refer_to_themselves_end() -> None:
    """A value that contains itself by tpl is unresolved."""
    assert [("template", 1, "?")] == images("image: {{ tpl .Values.a . }}", 'a: "{{ tpl .Values.a . }}"\n')


@pytest.mark.parametrize(
    "template",
    [
        "image: {{ if x }}" * 20_000 + "{{ end }}" * 20_000,
        'image: "' + "{{ (" * 100_000,
        "{{/*" * 300_000 + " image: x",
        "image " * 300_000,
        'image: "x:1"\n' * 100_000,
        "image: {{ printf " + '"%s" ' * 1_000 + "}}",
    ],
)
def test_no_template_takes_long(template: str) -> None:
    """Time grows with a template's length and no faster."""
    began = time.perf_counter()
    images(template)

    assert time.perf_counter() - began < 2
