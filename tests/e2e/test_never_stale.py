"""What was saved is what runs: from a script to the references in the DAG image and the chart, by the command line."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.fakes.kube_helm import FakeKubeHelm
from tests.support.command import Command, Run
from tests.support.extension import Extension, snapshot
from tests.support.reading_back import RegistryReader
from tests.support.watching import PROBE, save, settle, stand, watching, with_probe

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"
REGISTRY = "localhost:32000"
REFERENCE = re.compile(r"localhost:32000/([a-z0-9/._-]+?)(?:@(sha256:[0-9a-f]{64})|:([\w.-]+))(?=[\"'\s])")
OPERATOR = "kaapana/tmp/dags/x/SegOperator.py"
PLATFORM = {
    "registry_url": "registry.example.org/kaapana",
    "kaapana_build_version": VERSION,
    "services_namespace": "services",
    "admin_namespace": "admin",
    "pull_policy_images": "IfNotPresent",
    "main_node_name": "node",
}


def build(edk: Command, extension: Extension, *more: str) -> Run:
    """Build an extension, with events as JSON."""
    return edk("build", "--dir", str(extension.path), "--json", *more)


def archive(run: Run, name: str = "") -> Path:
    """Return the path of the chart that a run packaged."""
    return next(Path(e["archive"]) for e in run.named("ChartPackaged") if name in ("", e["chart"]))


def manifests(chart: Path) -> str:
    """Return what helm makes of a packaged chart; without helm, the text of its values."""
    helm = shutil.which("helm")
    if helm is None:
        pytest.skip("helm is not here")
    values = [f"--set=global.{name}={value}" for name, value in PLATFORM.items()]
    return subprocess.run([helm, "template", "x", str(chart), *values], check=True, capture_output=True).stdout.decode()


def asked(text: str) -> list[tuple[str, str]]:
    """Return repository and tag or digest of each reference to the local registry in a text."""
    return [(match[1], match[2] or match[3]) for match in REFERENCE.finditer(text)]


def shipped(registry: RegistryReader, extension: Extension) -> str:
    """Return the digest that the operator in the DAG image asks for."""
    text = registry.text(extension.name("dag"), VERSION, OPERATOR)
    ((repository, digest),) = asked(text)
    assert extension.name("seg") == repository
    return digest


def test_a_saved_script_reaches_the_reference_that_a_run_asks_for(
    edk: Command, whole: Extension, registry: RegistryReader
) -> None:
    """New script, new digest, new DAG image with it, new path in the chart; all of them exist; no file was touched."""
    first = build(edk, whole).expect(0)
    before = registry.digest(whole.name("seg"), VERSION)
    assert before == shipped(registry, whole)
    chart = archive(first).read_bytes()

    whole.write("containers/seg/run.sh", "echo two\n")
    kept = snapshot(whole.path)
    second = build(edk, whole).expect(0)

    after = registry.digest(whole.name("seg"), VERSION)
    assert before != after
    assert after == shipped(registry, whole)
    assert sorted(map(whole.name, ("dag", "seg"))) == second.images("ImageFinished")
    assert chart != archive(second).read_bytes()
    assert kept == snapshot(whole.path)


def test_every_reference_of_the_rendered_chart_exists(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """Helm's own rendering asks for the DAG image by a path that holds its digest, and it stands there."""
    run = build(edk, whole).expect(0)

    found = asked(manifests(archive(run)))

    dag = registry.digest(whole.name("dag"), VERSION)
    assert found
    assert {f"edk/{dag[7:23]}/{whole.name('dag')}"} == {repository for repository, _ in found}
    assert {dag} == {registry.digest(repository, reference) for repository, reference in found}
    (verified,) = run.named("ChartVerified")
    assert ("helm", len(set(found))) == (verified["by"], verified["local"])


def test_nothing_changed_nothing_built_and_the_same_chart(edk: Command, whole: Extension) -> None:
    """Also with a state that was lost: the archive comes out byte by byte the same."""
    first = archive(build(edk, whole).expect(0)).read_bytes()

    again = build(edk, whole).expect(0)
    assert [] == again.named("ImageStarted")
    assert first == archive(again).read_bytes()

    elsewhere = edk.with_environ(EDK_STATE_DIR=str(edk.cwd / "another-state"))
    fresh = build(elsewhere, whole).expect(0)
    assert [] == fresh.named("ImageStarted")
    assert first == archive(fresh).read_bytes()


def test_an_image_that_is_gone_from_the_registry_is_found_by_the_check(
    edk: Command, whole: Extension, registry: RegistryReader
) -> None:
    """`edk chart --verify` names what the chart asks for and nobody has; a build makes it again."""
    build(edk, whole).expect(0)
    chart = whole.path / f"x-{whole.suffix}-workflow"
    edk("chart", "--dir", str(chart), "--verify").expect(0)
    dag = registry.digest(whole.name("dag"), VERSION)
    whole.write(f"{chart.name}/templates/extra.yaml", f"image: {REGISTRY}/{whole.name('seg')}:no-such-tag\n")

    run = edk("chart", "--dir", str(chart), "--verify").expect(1)

    assert f"{REGISTRY}/{whole.name('seg')}:no-such-tag is not in the registry" in run.out
    assert dag == registry.digest(f"edk/{dag[7:23]}/{whole.name('dag')}", VERSION)


def test_a_v2_workflow_carries_its_dag_with_the_images_that_were_built(edk: Command, extension: Extension) -> None:
    """The chart's own Python file is rewritten in the archive; the values that name containers stay."""
    extension.image("seg")
    name = extension.name("seg")
    source = (
        "from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION\n"
        f'seg = KaapanaTaskOperator(task_id="seg", image=f"{{DEFAULT_REGISTRY}}/{name}:{{KAAPANA_BUILD_VERSION}}")\n'
    )
    chart = f"v2-{extension.suffix}"
    extension.write(f"{chart}/Chart.yaml", f'apiVersion: v2\nname: {chart}\nversion: "0.0.0"\n')
    extension.write(f"{chart}/values.yaml", f"processingContainers:\n  - {name}\n")
    extension.write(f"{chart}/files/dag_x.py", source)
    extension.write(
        f"{chart}/templates/files.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: files\ndata:\n"
        '{{ (.Files.Glob "files/*").AsConfig | indent 2 }}\n',
    )
    extension.write(
        f"{chart}/templates/pods.yaml",
        "{{- range .Values.processingContainers }}\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ . }}\n"
        "spec:\n  containers:\n    - name: x\n"
        '      image: "{{ $.Values.global.registry_url }}/{{ . }}:{{ $.Values.global.kaapana_build_version }}"\n'
        "{{- end }}\n",
    )
    kept = snapshot(extension.path)

    run = build(edk, extension).expect(0)

    digest = run.named("ImageFinished")[0]["digest"]
    with tarfile.open(archive(run)) as tar:
        stream = tar.extractfile(f"{chart}/files/dag_x.py")
        assert stream is not None
        text = stream.read().decode()
    written = f'f"{{DEFAULT_REGISTRY}}/{name}:{{KAAPANA_BUILD_VERSION}}"'
    assert source.replace(written, f'"{REGISTRY}/{name}@{digest}"') == text
    assert kept == snapshot(extension.path)
    assert [(name, digest)] * 2 == asked(manifests(archive(run)).replace("\\", ""))


def test_trace_says_where_it_is_stale(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """Fresh after a build; after a save the inputs are stale; with the DAG image of before, the DAG image is."""
    build(edk, whole).expect(0)
    old = registry.digest(whole.name("dag"), VERSION)
    where = ("--dir", str(whole.path), "--json")

    fresh = json.loads(edk("trace", "SegOperator", *where).expect(0).out)
    (traced,) = fresh["images"]
    assert (True, whole.name("seg")) == (fresh["fresh"], traced["image"])
    values = {link["where"]: link["value"] for link in traced["links"]}
    assert f"{REGISTRY}/{whole.name('seg')}@{registry.digest(whole.name('seg'), VERSION)}" == values["dag"]
    assert f"{REGISTRY}/edk/{old[7:23]}/{whole.name('dag')}:{VERSION}" in values["chart"] or "0.0.0" in values["chart"]

    script = whole.write("containers/seg/run.sh", "echo two\n")
    stale = json.loads(edk("trace", whole.name("seg"), *where).expect(1).out)["images"][0]
    assert ("fingerprint", f"edk build --dir {whole.path}") == (stale["stale_at"], stale["remedy"])
    assert str(script) in [link["name"] for link in stale["links"] if link["where"] == "source"]

    build(edk, whole).expect(0)
    registry.move(whole.name("dag"), "1.2.3", old)
    stale = json.loads(edk("trace", whole.name("seg"), *where).expect(1).out)["images"][0]
    assert "dag" == stale["stale_at"]


def test_trace_of_a_word_that_means_nothing(edk: Command, whole: Extension) -> None:
    """Wrong usage, with the nearest right one."""
    run = edk("trace", "SegOperatr", "--dir", str(whole.path)).expect(2)

    assert "SegOperator" in run.err


@pytest.mark.parametrize("mode", ["digest", "tag", "as-written"])
def test_show_rewritten_prints_what_is_shipped(
    edk: Command, whole: Extension, registry: RegistryReader, mode: str
) -> None:
    """The content in JSON is, byte by byte, the file in the DAG image."""
    build(edk, whole, "--references", mode).expect(0)
    file = whole.path / "dag/files/x/SegOperator.py"

    run = edk("show-rewritten", str(file), "--dir", str(whole.path), "--references", mode, "--json").expect(0)

    assert registry.text(whole.name("dag"), VERSION, OPERATOR) == json.loads(run.out)["content"]
    diff = edk("show-rewritten", str(file), "--dir", str(whole.path), "--references", mode).expect(0).out
    assert ("shipped as it is written" in diff) == (mode == "as-written")


def test_a_save_under_watch_reaches_the_dag_image(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """The watcher builds the saved image, then the DAG image that names it, and packages the chart for it."""
    with_probe(whole)
    with watching(edk, whole.path) as watcher:
        stand(watcher, whole, "seg", "dag", PROBE)
        mark = watcher.mark()

        save(whole.path / "containers/seg/run.sh", "echo saved\n")
        watcher.wait("SaveServed", mark, image=whole.name("dag"))
        settle(watcher, whole)

        assert registry.digest(whole.name("seg"), VERSION) == shipped(registry, whole)
        started = [e["image"] for e in watcher.all("ImageStarted", mark) if e["image"] != whole.name(PROBE)]
        assert [whole.name("seg"), whole.name("dag")] == started


def test_a_rebuild_under_watch_reaches_the_dag_image(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """The same inputs built without a cache give another image, and what names it follows."""
    whole.write("containers/seg/Dockerfile", f'FROM {whole.base}\nLABEL IMAGE="{whole.name("seg")}"\n'
                "RUN date +%N > /when\nCOPY run.sh /\n")  # fmt: skip
    build(edk, whole).expect(0)
    before = registry.digest(whole.name("seg"), VERSION)

    build(edk, whole, "--no-cache", "--image", whole.name("seg")).expect(0)
    assert before != registry.digest(whole.name("seg"), VERSION)
    run = build(edk, whole).expect(0)

    assert [whole.name("dag")] == run.images("ImageFinished")
    assert registry.digest(whole.name("seg"), VERSION) == shipped(registry, whole)


def test_a_saved_script_reaches_the_platform(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """The installed chart asks for the DAG image that names the image just built; trace says which chart is there."""
    name = f"x-{whole.suffix}-workflow"
    with FakeKubeHelm() as platform:
        reaching = edk.with_environ(KUBE_HELM_URL=platform.url)
        build(reaching, whole, "--install=always").expect(0)
        whole.write("containers/seg/run.sh", "echo two\n")
        build(reaching, whole, "--install").expect(0)

        dag = registry.digest(whole.name("dag"), VERSION)
        installed = platform.world.releases[name].chart
        with tarfile.open(fileobj=io.BytesIO(installed.content)) as tar:
            stream = tar.extractfile(f"{name}/values.yaml")
            assert stream is not None
            assert f"{REGISTRY}/edk/{dag[7:23]}" in stream.read().decode()
        assert registry.digest(whole.name("seg"), VERSION) == shipped(registry, whole)
        where = ("--dir", str(whole.path), "--json")
        fresh = json.loads(reaching("trace", "SegOperator", *where).expect(0).out)["images"][0]
        assert [("platform", "ok", "uploaded and installed")] == [
            (link["where"], link["state"], link["detail"]) for link in fresh["links"] if link["where"] == "platform"
        ]

        whole.write("containers/seg/run.sh", "echo three\n")
        build(reaching, whole, "--no-import").expect(0)
        stale = json.loads(reaching("trace", "SegOperator", *where).expect(1).out)["images"][0]
        assert ("platform", f"edk build --dir {whole.path} --install") == (stale["stale_at"], stale["remedy"])
