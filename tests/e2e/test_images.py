"""`edk images` and `edk page` on images that were really built: states follow the tree, layers tell who made them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Command, base_environ
from tests.support.extension import Extension, snapshot, workflow
from tests.support.paging import Served
from tests.support.started import StartedRegistry

pytestmark = pytest.mark.e2e


@pytest.fixture
def edk(edk_of_started: Command) -> Command:
    """The command line of who has a registry of its own."""
    return edk_of_started


@pytest.fixture
def extension(edk: Command, started: StartedRegistry, busybox: str, tmp_path: Path) -> Extension:
    """A whole extension in the extensions folder, built."""
    made = workflow(tmp_path / "home/extensions/whole", started.take(busybox))
    edk("build", "--all", "--no-import").expect(0)
    return made


def images(edk: Command, *names: str) -> dict[str, dict[str, Any]]:
    """What ``edk images --json`` tells of images by their whole names, those without a tag under ``name@``."""
    found = json.loads(edk("images", "--json").expect(0).out)["images"]
    rows = {each["repository"] + ("" if each["tags"] else "@"): each for each in found if not each["alias_of"]}
    return {name: rows[name] for name in names}


def test_states_follow_the_tree(edk: Command, extension: Extension) -> None:
    """Current, stale with why, earlier beside current, orphaned; and no file of the tree is touched."""
    base, seg, dag = map(extension.name, ("base", "seg", "dag"))
    fresh = images(edk, base, seg, dag)
    extension.write("containers/seg/run.sh", "echo two\n")
    saved = images(edk, base, seg, dag)
    edk("build", "--all", "--no-import").expect(0)
    rebuilt = images(edk, base, seg, f"{seg}@", dag)
    shutil.rmtree(extension.path / "containers/seg")
    before = snapshot(extension.path)
    removed = images(edk, base, seg, f"{seg}@")

    assert ["current"] * 3 == [each["state"] for each in fresh.values()]
    assert ["current", "stale", "stale"] == [each["state"] for each in saved.values()]
    assert "run.sh changed" == saved[seg]["why"]
    assert ["current", "current", "earlier", "current"] == [each["state"] for each in rebuilt.values()]
    assert ["orphaned", "orphaned"] == [removed[name]["state"] for name in (seg, f"{seg}@")]
    assert before == snapshot(extension.path)


def test_what_is_told_of_an_image(edk: Command, extension: Extension, busybox: str) -> None:
    """Its sizes, who refers to it, where it comes from."""
    base, seg = map(extension.name, ("base", "seg"))
    upstream = busybox.partition("/")[2].rpartition(":")[0]
    found = images(edk, base, seg, upstream)

    assert ["0.9.1", "1.2.3"] == found[seg]["tags"]
    assert ("whole", "whole/containers/seg/Dockerfile") == (found[seg]["extension"], found[seg]["dockerfile"])
    told = {(each["owner"], each["how"], each["line"]) for each in found[seg]["referenced_by"]}
    assert {("SegOperator", "operator", 7), ("ReportOperator", "operator", 7)} == told
    assert {(seg, "base"), (extension.name("dag"), "base")} == {
        (each["owner"], each["how"]) for each in found[base]["referenced_by"]
    }
    assert 0 < found[seg]["shared_bytes"] < found[seg]["bytes"]
    assert found[seg]["shared_bytes"] > 0.9 * found[base]["shared_bytes"]
    assert (False, "foreign", "") == tuple(found[upstream][name] for name in ("ours", "state", "commit"))
    assert found[seg]["fingerprint"].startswith("sha256:")
    assert 0 < found[seg]["built"] <= found[seg]["pushed"] + 1


def test_layers_tell_who_made_them(edk: Command, extension: Extension, busybox: str) -> None:
    """Those of the base came with it, and are shared; the last one is the image's own."""
    base, seg = map(extension.name, ("base", "seg"))

    told = json.loads(edk("images", "--layers", f"localhost:32000/{seg}:1.2.3", "--json").expect(0).out)
    text = edk("images", "--layers", seg).expect(0).out

    layers = told["platforms"][0]["layers"]
    assert ["COPY", "COPY"] == [layer["made_by"].split()[0] for layer in layers[-2:]]
    assert "run.sh" in layers[-1]["made_by"]
    assert (f"{base}:latest", "") == (layers[-2]["came_with"], layers[-1]["came_with"])
    assert busybox.rpartition("/")[2].partition(":")[0] in layers[0]["came_with"]
    assert f"{base}:latest" in layers[0]["shared_with"]
    assert [] == layers[-1]["shared_with"]
    assert told["platforms"][0]["own_bytes"] == layers[-1]["bytes"]
    assert "COPY run.sh /run.sh" in text


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("e2e-sec", "holds no image 'e2e-sec'"),
        ("SEG", "no image reference"),
        ("", "it is empty"),
        ("../x", "no image reference"),
    ],
)
def test_an_image_that_there_is_not(edk: Command, started: StartedRegistry, name: str, says: str) -> None:
    """Is wrong usage, and says what there is."""
    run = edk("images", "--layers", name).expect(2)

    assert says in run.err


def test_a_tag_that_there_is_not(edk: Command, extension: Extension) -> None:
    """With those that there are; and a name that is nearly right."""
    seg = extension.name("seg")

    assert "it has 0.9.1, 1.2.3" in edk("images", "--layers", f"{seg}:7").expect(2).err
    assert f"did you mean {seg}" in edk("images", "--layers", seg[:-1]).expect(2).err


def test_pages_compare_with_the_tree(edk: Command, extension: Extension) -> None:
    """As the command does; a tree that is broken is told, and the rest is shown."""
    seg, dag = map(extension.name, ("seg", "dag"))
    with Served(edk) as page:
        fresh = page.read(f"/image/{seg}")
        extension.write("containers/seg/run.sh", "echo two\n")
        saved = page.wait_for(f"/?q={seg}", "run.sh changed")
        detail = page.read(f"/image/{seg}")
        dockerfile = extension.path / "containers/seg/Dockerfile"
        dockerfile.write_text(dockerfile.read_text() + "NONSENSE x\n")
        page.wait_for(f"/image/{seg}", "containers/seg/Dockerfile can't be read")

    assert "the present tree would build just this" in fresh.text
    assert "SegOperator" in fresh.text
    assert "COPY run.sh /run.sh" in fresh.text
    assert "stale" in saved.text
    assert f"{dag}:0.0.0" in detail.text


def test_no_registry(edk: Command) -> None:
    """Exit code 4, whichever way it is asked."""
    away = edk.with_environ(EDK_REGISTRY="localhost:1")

    assert "Nothing answers at registry localhost:1" in away("images").expect(4).err
    assert "Nothing answers at registry localhost:1" in away("images", "--layers", "x").expect(4).err


@pytest.mark.parametrize(
    ("environ", "arguments", "says"),
    [
        ({}, ("--listen", "8082"), "'8082' is no HOST:PORT"),
        ({}, ("--listen", "192.0.2.1:8082"), "can't be listened at"),
        ({"EDK_PAGE_HOSTS": "https://x"}, (), "'https://x' is no name of a host"),
        ({"EDK_PAGE_PATH": "ui"}, (), "page_path is 'ui', which is no path"),
        ({"EDK_PAGE_FORWARDED_PREFIX": "maybe"}, (), "EDK_PAGE_FORWARDED_PREFIX"),
        ({}, ("--dir", "nowhere"), "does not exist"),
    ],
)
def test_wrong_usage_of_pages(tmp_path: Path, environ: dict[str, str], arguments: tuple[str, ...], says: str) -> None:
    """Is told before anything is served."""
    command = Command(tmp_path, dict(base_environ("unix:///nowhere.sock", tmp_path, **environ)))

    assert says in command("page", *arguments, timeout=60).expect(2).err
