"""What is printed of the registry's images, and of the layers of one."""

from __future__ import annotations

import re
from dataclasses import replace

from edk.domain.catalogue import STATES, Catalogue, Referrer, TreeView, Yielded, catalogue
from edk.domain.described import Description, Layer, PlatformImage
from edk.domain.labels import DIRTY, REVISION
from edk.domain.layering import Layering, layerings
from edk.domain.pruning import Rules, Uses, judge
from edk.domain.survey import EngineUse, Inventory, Survey
from edk.ui.images_json import images_as_json, layers_as_json
from edk.ui.images_text import image_lines, layer_lines
from tests.unit.docs.tables import page
from tests.unit.pruning.test_judging import HOUR, NOW, digest, image

HELD = (
    image("dag", "d", tags="0.6.0 latest", refers=(digest("b"),), blobs="d=1000 s=5000"),
    image("seg", "b", tags="0.6.0", blobs="b=2000 s=5000"),
    image("seg", "9", age=50 * HOUR, blobs="9=30000"),
    image(f"edk/{digest('d')[7:23]}/dag", "d", tags="0.0.0", blobs="d=1000 s=5000"),
    image("theirs\x1b", "7", tags="1", fingerprint=""),
)
DESCRIBED = {
    digest("b"): Description(
        "linux/amd64",
        labels=((DIRTY, "true"), (REVISION, "0123456789abcdef")),
        layers=(Layer("s", 5000, "ADD base"), Layer("b", 2000, "RUN make \x1b[31m\nall")),
    ),
    digest("d"): Description("linux/amd64", layers=(Layer("s", 5000), Layer("d", 1000))),
}
TREE = TreeView(
    {
        "dag": Yielded("d/Dockerfile", "ext", True, ("0.6.0",), frozenset({digest("fd")})),
        "seg": Yielded(
            "s/Dockerfile", "ext", True, ("0.6.0",), frozenset({"other"}), reason="run.py changed",
            referrers=(Referrer("ext", "a.py", 3, "SegOperator", "operator"),
                       Referrer("ext", "b.py", 9, "B", "operator"),
                       Referrer("more", "c/values.yaml", 1, "c", "processing")),
        ),
    },
    read=True,
)  # fmt: skip


def seen(tree: TreeView = TREE) -> tuple[Catalogue, Survey]:
    """A few images."""
    verdicts = judge(HELD, Uses(), Rules(NOW, keep=0))
    found = catalogue(NOW, verdicts, DESCRIBED, {digest("b"): NOW - 60}, tree)
    return found, Survey(NOW, Inventory(HELD, (), True), verdicts, (), EngineUse(), targets=2)


def test_images_are_a_table() -> None:
    """Ours and others, by name, the newest first; an alias stands in no row of its own; escapes are written out."""
    lines = list(image_lines(*seen(), unused=False))

    assert [
        "IMAGE       TAGS                 SIZE     SHARED  OWN      BUILT      COMMIT       FINGERPRINT   STATE     "
        "USED BY",
        "dag         0.6.0, latest        6.0 kB   5.0 kB  1.0 kB   2 h ago    -            fd0000000000  current   -",
        "seg         0.6.0                7.0 kB   5.0 kB  2.0 kB   1 min ago  0123456789+  fb0000000000  stale     "
        "ext (2 operators), more (1 chart) and 1 more",
        "seg         sha256:900000000000  30.0 kB  0 B     30.0 kB  2 d ago    -            f90000000000  earlier   "
        "nothing: superseded",
        "theirs\\x1b  1                    0 B      0 B     0 B      2 h ago    -            -             not ours  -",
        "3 images of ours; 1 in this registry is not ours, and left alone; 38.0 kB in all, what is shared counted once",
        "seg:0.6.0 is stale: run.py changed",
    ] == lines  # fmt: skip


def test_unused_ones_alone() -> None:
    """Those that a prune removes."""
    lines = list(image_lines(*seen(), unused=True))

    assert ["IMAGE", "seg", "1"] == [line.split()[0] for line in lines]
    assert "1 image superseded; 1 in this registry is not ours, and left alone" == lines[2]


def test_a_registry_without_images() -> None:
    """Has no table."""
    survey = Survey(NOW, Inventory(()), (), (), EngineUse(), targets=1)
    found = Catalogue(NOW, ())

    assert ["0 images of ours; 0 in this registry are not ours, and left alone; 0 B in all, what is shared counted once"] == list(  # noqa: E501
        image_lines(found, survey, unused=False)
    )


def test_layers_say_what_makes_an_image_big() -> None:
    """The biggest first, with whose they are; what an image tells of itself can't reach the terminal."""
    found, _ = seen()
    wanted = found.find("seg", "0.6.0")
    assert wanted is not None

    lines = list(layer_lines(wanted, layerings(wanted, found, DESCRIBED)))

    assert [
        f"seg 0.6.0, {digest('b')}",
        "linux/amd64: 7.0 kB in 2 layers, 2.0 kB of it this image's alone",
        "#  SIZE    OF ALL           CAME WITH  SHARED WITH  MADE BY",
        "1  5.0 kB   71 % █████████  -          dag:0.6.0    ADD base",
        "2  2.0 kB   29 % ███        -          -            RUN make \\x1b[31m all",
    ] == lines
    narrow = list(layer_lines(wanted, layerings(wanted, found, DESCRIBED), columns=40))
    assert all(len(line) <= 40 for line in narrow[2:])


def test_layers_of_what_can_t_be_read() -> None:
    """Each platform by itself."""
    found, _ = seen()
    wanted = replace(found.images[0], platforms=(PlatformImage(digest("1"), "linux/arm64"),))

    lines = list(layer_lines(wanted, [Layering("linux/arm64", digest("1"), (), readable=False)]))

    assert "linux/arm64: its manifest or configuration can't be read; edk verify tells more" == lines[1]


def test_json_tells_the_same() -> None:
    """Every field is explained on the page, and every state."""
    found, _ = seen()
    shown = images_as_json(found, "localhost:32000", "registry:5000", unused=False, judged=True)
    wanted = found.find("seg", "0.6.0")
    assert wanted is not None
    layers = layers_as_json(wanted, layerings(wanted, found, DESCRIBED), "localhost:32000")

    assert ("edk.images/v1", "edk.image-layers/v1") == (shown["schema"], layers["schema"])
    assert ["current", "current", "stale", "earlier", "foreign"] == [each["state"] for each in shown["images"]]
    assert [[], ["dag"]] == [[i["alias_of"]] if i["alias_of"] else [] for i in shown["images"][:2]]
    documented = set(re.findall(r"`([a-z_]+)`", page("registry.md")))
    seg = shown["images"][2]
    inner = (seg, seg["referenced_by"][0], layers["platforms"][0], layers["platforms"][0]["layers"][0])
    keys = {*shown, *layers, *(key for value in inner for key in value)}
    assert set() == keys - documented
    assert set() == set(STATES) - documented


def test_json_without_a_judgement_does_not_pretend_one() -> None:
    """Where charts and cluster were not looked at."""
    found, _ = seen()
    shown = images_as_json(found, "a", "b", unused=False, judged=False)

    assert [] == [each for each in shown["images"] if each["reasons"] or "used" in each]
    assert [digest("9")] == [
        each["digest"] for each in images_as_json(found, "a", "b", unused=True, judged=True)["images"]
    ]
