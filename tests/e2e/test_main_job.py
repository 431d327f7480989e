"""The main job by the command line: from a folder to images in the registry and a chart, and nothing twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.extension import Extension, snapshot, workflow
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"


def build(edk: Command, extension: Extension, *more: str):
    """Build an extension, with events as JSON."""
    return edk("build", "--dir", str(extension.path), "--json", *more)


@pytest.fixture
def built(edk: Command, whole: Extension) -> Extension:
    """An extension that was built once."""
    build(edk, whole).expect(0)
    return whole


def test_everything_stands_in_the_registry(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """Every wanted tag of every image is in the registry, labelled, with the content of the tree."""
    before = snapshot(whole.path)

    run = build(edk, whole).expect(0)

    assert sorted(map(whole.name, ("base", "dag", "seg"))) == run.images("ImageFinished")
    for short, tag in (("base", "latest"), ("dag", VERSION), ("seg", VERSION), ("seg", "0.9.1")):
        assert registry.has(whole.name(short), tag), (short, tag)
    assert registry.digest(whole.name("seg"), VERSION) == registry.digest(whole.name("seg"), "0.9.1")
    assert whole.name("seg") == registry.labels(whole.name("seg"), VERSION)["IMAGE"]
    assert "echo one\n" == registry.text(whole.name("seg"), VERSION, "run.sh")
    assert "base 1\n" == registry.text(whole.name("dag"), VERSION, "base.txt")
    assert "dag_id = 'x'\n" == registry.text(whole.name("dag"), VERSION, "kaapana/tmp/dags/dag_x.py")
    assert before == snapshot(whole.path)


def test_classic_builder_does_the_same(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """An engine without BuildKit builds the same content, and what one builder built the other skips."""
    classic = edk.with_environ(EDK_CLASSIC_BUILDER="1")

    build(classic, whole).expect(0)

    assert "base 1\n" == registry.text(whole.name("dag"), VERSION, "base.txt")
    assert "echo one\n" == registry.text(whole.name("seg"), VERSION, "run.sh")
    assert [] == build(edk, whole).expect(0).named("ImageStarted")


def test_pull_builds_anew(edk: Command, extension: Extension) -> None:
    """``--pull`` looks for newer upstream images, so it builds what is unchanged too."""
    extension.image("seg")
    build(edk, extension).expect(0)

    assert [extension.name("seg")] == build(edk, extension, "--pull").expect(0).images("ImageFinished")


def test_tag_that_the_chart_asks_for_stands(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """The packaged chart holds its dependency, and the tag that it will ask for is in the registry."""
    run = build(edk, whole).expect(0)

    (packaged,) = run.named("ChartPackaged")
    with tarfile.open(packaged["archive"]) as archive:
        inner = [m.name for m in archive if m.name.endswith("charts/dag-installer-chart/Chart.yaml")]
        opened = archive.extractfile(inner[0])
        assert opened is not None
        lines = opened.read().decode().splitlines()
    (asked,) = [line.split(":")[1].strip(" \"'") for line in lines if line.startswith("version:")]
    assert registry.has(whole.name("dag"), asked)
    assert VERSION == packaged["version"]


def test_second_run_skips_all(edk: Command, built: Extension) -> None:
    """An unchanged extension is not built again, nor pushed."""
    run = build(edk, built).expect(0)

    assert [] == run.named("ImageStarted")
    assert [] == run.named("ImagePushed")
    assert sorted(map(built.name, ("base", "dag", "seg"))) == run.images("ImageSkipped")


def test_deleted_state_costs_nothing(edk: Command, built: Extension) -> None:
    """What stands in the registry is known from the registry alone."""
    shutil.rmtree(edk.environ["EDK_STATE_DIR"])

    run = build(edk, built).expect(0)

    assert [] == run.named("ImageStarted")


def test_changed_file_rebuilds_its_image_and_what_names_it(
    edk: Command, built: Extension, registry: RegistryReader
) -> None:
    """A change of one file builds the image that holds it, whose tags both move, and the DAG image that names it."""
    built.write("containers/seg/run.sh", "echo two\n")

    run = build(edk, built).expect(0)

    assert [built.name("seg"), built.name("dag")] == [event["image"] for event in run.named("ImageStarted")]
    assert "run.sh" in run.named("ImageStarted")[0]["reason"]
    assert "echo two\n" == registry.text(built.name("seg"), VERSION, "run.sh")
    assert "echo two\n" == registry.text(built.name("seg"), "0.9.1", "run.sh")


def test_changed_base_rebuilds_its_dependents(edk: Command, built: Extension, registry: RegistryReader) -> None:
    """A change of a base builds it and everything that stands on it, on its new content."""
    built.write("containers/base/data.txt", "base 2\n")

    run = build(edk, built).expect(0)

    assert sorted(map(built.name, ("base", "dag", "seg"))) == run.images("ImageStarted")
    assert "base 2\n" == registry.text(built.name("seg"), VERSION, "base.txt")


def test_executable_bit_rebuilds(edk: Command, built: Extension, registry: RegistryReader) -> None:
    """The mode ships, so a change of it alone builds the image anew."""
    (built.path / "containers/seg/run.sh").chmod(0o755)

    run = build(edk, built).expect(0)

    assert built.name("seg") in run.images("ImageStarted")
    assert registry.file(built.name("seg"), VERSION, "run.sh")[1] & 0o111


def test_touched_and_unused_files_rebuild_nothing(edk: Command, built: Extension) -> None:
    """Neither a newer mtime nor a file that no instruction uses is a change."""
    os.utime(built.path / "containers/seg/run.sh")
    built.write("containers/seg/notes.md", "nobody copies this\n")

    run = build(edk, built).expect(0)

    assert [] == run.named("ImageStarted")


def test_change_and_back_is_no_build(edk: Command, built: Extension) -> None:
    """Content that stood in the registry before is tagged again, not built."""
    built.write("containers/seg/run.sh", "echo two\n")
    build(edk, built).expect(0)
    built.write("containers/seg/run.sh", "echo one\n")

    run = build(edk, built).expect(0)

    assert built.name("seg") in run.images("ImageStarted") + run.images("ImageRetagged")
    assert built.name("base") not in run.images("ImageStarted")


def test_new_literal_tag_is_set_without_a_build(edk: Command, built: Extension, registry: RegistryReader) -> None:
    """A tag that a further operator asks for is set in the registry, and only the DAG image is built."""
    built.uses("ThirdOperator", "seg", tag="0.9.2")

    run = build(edk, built).expect(0)

    assert [built.name("dag")] == run.images("ImageStarted")
    assert registry.digest(built.name("seg"), VERSION) == registry.digest(built.name("seg"), "0.9.2")


def test_tag_moved_by_others_is_put_right(edk: Command, built: Extension, registry: RegistryReader) -> None:
    """A tag that somebody pointed at another image points at the right one again, without a build."""
    right = registry.digest(built.name("seg"), VERSION)
    built.write("containers/seg/run.sh", "echo two\n")
    build(edk, built).expect(0)
    other = registry.digest(built.name("seg"), VERSION)
    registry.move(built.name("seg"), "kept", VERSION)
    built.write("containers/seg/run.sh", "echo one\n")
    build(edk, built).expect(0)
    registry.move(built.name("seg"), "0.9.1", "kept")
    assert other == registry.digest(built.name("seg"), "0.9.1")

    run = build(edk, built).expect(0)

    standing = registry.digest(built.name("seg"), VERSION)
    assert [] == run.named("ImageStarted")
    assert standing == registry.digest(built.name("seg"), "0.9.1")
    assert other != standing
    assert registry.file(built.name("seg"), "0.9.1", "run.sh") == registry.file(built.name("seg"), right, "run.sh")


def test_image_removed_from_the_registry_is_built_again(
    edk: Command, built: Extension, registry: RegistryReader
) -> None:
    """An image that is gone from the registry is built, and what names it, for it is another one now; no other is."""
    registry.untag(built.name("seg"), VERSION)

    # Its labels tell when it was built, in seconds: the same second may make the same image.
    run = build(edk.with_environ(SOURCE_DATE_EPOCH="1700000000"), built).expect(0)

    assert [built.name("dag"), built.name("seg")] == run.images("ImageFinished")
    assert registry.has(built.name("seg"), VERSION)
    assert registry.has(built.name("seg"), "0.9.1")


def test_image_that_comes_back_as_it_was_changes_nothing_else(
    edk: Command, whole: Extension, registry: RegistryReader
) -> None:
    """One that is built again and has the digest that it had leaves alone what names it."""
    dated = edk.with_environ(SOURCE_DATE_EPOCH="1700000000")
    build(dated, whole).expect(0)
    was = registry.digest(whole.name("seg"), VERSION)
    registry.untag(whole.name("seg"), VERSION)

    run = build(dated, whole).expect(0)

    assert [whole.name("seg")] == run.images("ImageFinished")
    assert was == registry.digest(whole.name("seg"), VERSION)


def test_force_builds_all(edk: Command, built: Extension) -> None:
    """``--force`` builds what is unchanged too."""
    run = build(edk, built, "--force").expect(0)

    assert sorted(map(built.name, ("base", "dag", "seg"))) == run.images("ImageStarted")


def test_no_cache_runs_every_step(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """``--no-cache`` runs a step again that the engine remembers."""
    extension.image("seg", "RUN cat /proc/sys/kernel/random/uuid > /when\n")
    build(edk, extension).expect(0)
    first = registry.text(extension.name("seg"), VERSION, "when")
    build(edk, extension, "--force").expect(0)
    cached = registry.text(extension.name("seg"), VERSION, "when")

    build(edk, extension, "--no-cache").expect(0)

    assert first == cached
    assert first != registry.text(extension.name("seg"), VERSION, "when")


def test_dry_run_changes_nothing(edk: Command, whole: Extension, registry: RegistryReader) -> None:
    """``--dry-run`` prints the plan and leaves the registry as it is."""
    run = edk("build", "--dir", str(whole.path), "--dry-run").expect(0)

    assert whole.name("seg") in run.out
    assert not registry.has(whole.name("base"), "latest")


def test_one_image_and_what_it_stands_on(edk: Command, whole: Extension) -> None:
    """``--image`` builds one image and its bases, and packages no chart."""
    run = build(edk, whole, "--image", whole.name("seg")).expect(0)

    assert sorted(map(whole.name, ("base", "seg"))) == run.images("ImageFinished")
    assert [] == run.named("ChartPackaged")


def test_unknown_image_is_wrong_usage(edk: Command, whole: Extension) -> None:
    """``--image`` of a name that nobody has says so, with the nearest name."""
    run = build(edk, whole, "--image", whole.name("sag")).expect(2)

    assert whole.name("seg") in run.err


def test_several_folders(edk: Command, busybox: str, tmp_path: Path) -> None:
    """Several ``--dir`` are built in one run, also with a base in the other one."""
    one, two = (Extension(tmp_path / folder, busybox) for folder in ("one", "two"))
    one.local_base("base")
    two.image("seg", base=f"local-only/{one.name('base')}:latest")

    run = edk("build", "--dir", str(one.path), "--dir", str(two.path), "--json").expect(0)

    assert sorted([one.name("base"), two.name("seg")]) == run.images("ImageFinished")


def test_all_extensions(edk: Command, busybox: str) -> None:
    """``--all`` builds every extension of the extensions folder."""
    home = Path(edk.environ["EDK_EXTENSIONS_DIR"])
    one, two = workflow(home / "one", busybox), Extension(home / "two", busybox)
    two.image("seg")

    run = edk("build", "--all", "--json").expect(0)

    assert sorted([*map(one.name, ("base", "dag", "seg")), two.name("seg")]) == run.images("ImageFinished")


def test_base_of_a_sibling_extension_is_built_too(edk: Command, busybox: str) -> None:
    """A base is found in the extensions folder, and of that other extension only the base is built."""
    home = Path(edk.environ["EDK_EXTENSIONS_DIR"])
    one, two = workflow(home / "one", busybox), Extension(home / "two", busybox)
    two.image("seg", base=f"local-only/{one.name('base')}:latest")

    run = build(edk, two).expect(0)

    assert sorted([one.name("base"), two.name("seg")]) == run.images("ImageFinished")


def test_build_argument(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """``--build-arg`` reaches a Dockerfile that declares it, and a new value builds it anew."""
    extension.image("seg", "ARG COLOUR=red\nENV COLOUR=$COLOUR\n")
    extension.image("other")
    build(edk, extension, "--build-arg", "COLOUR=green").expect(0)

    run = build(edk, extension, "--build-arg", "COLOUR=blue").expect(0)

    assert [extension.name("seg")] == run.images("ImageStarted")
    assert "COLOUR=blue" in registry.config(extension.name("seg"), VERSION)["config"]["Env"]


def test_platform_network_and_jobs(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """Platform and network are handed to the engine, and one job builds one after the other."""
    extension.image("one", "RUN ls /sys/class/net > /devices\n")
    extension.image("two", "RUN true\n")
    more = ("--platform", "linux/amd64", "--network", "none", "--jobs", "1")

    run = build(edk, extension, *more).expect(0)

    order = [event["event"] for event in run.events if event["event"] in ("ImageStarted", "ImageFinished")]
    assert ["ImageStarted", "ImageFinished"] * 2 == order
    assert "eth0" not in registry.text(extension.name("one"), VERSION, "devices")
    assert "amd64" == registry.config(extension.name("one"), VERSION)["architecture"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_read_only_tree(edk: Command, whole: Extension) -> None:
    """An extension on a file system that can't be written to is built, with its chart."""
    path = str(whole.path)
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && ! touch "$0/x" 2>/dev/null && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", script, path)
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces here")

    run = edk("build", "--dir", path, "--json", prefix=prefix).expect(0)

    assert 1 == len(run.named("ChartPackaged"))
    assert 3 == len(run.named("ImageFinished"))


def test_tree_that_its_user_may_not_write(edk: Command, whole: Extension) -> None:
    """An extension whose every mode forbids writing is built by an ordinary user, and stays as it is."""
    for parent, _, files in os.walk(whole.path, topdown=False):
        for name in files:
            (Path(parent) / name).chmod(0o444)
        Path(parent).chmod(0o555)
    before = snapshot(whole.path)

    run = edk("build", "--dir", str(whole.path), "--json", bound_by_modes=True).expect(0)

    assert before == snapshot(whole.path)
    assert 3 == len(run.named("ImageFinished"))
    for parent, _, _ in os.walk(whole.path):
        Path(parent).chmod(0o755)


def test_plain_lines_tell_the_same(edk: Command, whole: Extension) -> None:
    """Without ``--json`` a line tells each thing that happens, and where the chart is."""
    run = edk("build", "--dir", str(whole.path)).expect(0)

    state = edk.environ["EDK_STATE_DIR"]
    assert 3 == len([line for line in run.out.splitlines() if "  done " in line])
    assert f"{state}/charts/" in run.out
    assert "3 built, 1 chart" in run.out
    assert "KUBE_HELM_URL is not set" in run.out
