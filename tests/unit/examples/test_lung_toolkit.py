"""The programs of examples/lung-toolkit against a phantom with known answers."""

import json
import struct
import zlib

import numpy as np
import pytest


@pytest.fixture
def kit(program):
    """Give a loader for the toolkit's programs, with lungkit on the path as its base puts it there."""
    program("lung-toolkit/base-images/base-lung/files", "lungkit")

    def load(name, folder="processing-containers/lung-tools/files"):
        return program(f"lung-toolkit/{folder}", name)

    return load


@pytest.fixture
def made(kit):
    """Give a phantom with three nodules."""
    return kit("lungkit.phantom").chest(nodules=3)


def test_regions_are_numbered_by_size(kit):
    """Regions touch by faces, not by corners, and the largest comes first; a spiral is one region."""
    rows = [
        "x.........",
        "..xxxxxxx.",
        "........x.",
        "..xxxxx.x.",
        "..x...x.x.",
        "..x.xxx.x.",
        "..x.....x.",
        "..xxxxxxx.",
        "xx........",
    ]
    mask = np.array([[cell == "x" for cell in row] for row in rows])

    labels, sizes = kit("lungkit.regions").label(mask)

    assert [31, 2, 1] == sizes.tolist()
    assert (1, 2, 3, 0) == (labels[1, 2], labels[8, 0], labels[0, 0], labels[0, 1])


def test_lungs_are_found(kit, made):
    """Segmenting the phantom gives the lungs it was made from, nodules filled in."""
    regions = kit("lungkit.regions")

    assert np.array_equal(made.lungs, regions.fill_holes(regions.lungs(made.hounsfield)))


@pytest.mark.parametrize("value", [-1000, 40])
def test_no_lungs(kit, value):
    """Air all over, or tissue all over, holds no lungs, and that is said."""
    with pytest.raises(ValueError, match="not lungs"):
        kit("lungkit.regions").lungs(np.full((6, 6, 6), value, np.int16))


@pytest.mark.parametrize("count", [0, 1, 4])
def test_nodules_are_counted(kit, count):
    """As many nodules are found as were put in, each with its size."""
    made = kit("lungkit.phantom").chest(nodules=count)

    found = kit("nodules", "processing-containers/quantify/files").nodules(made.hounsfield)

    assert count == len(found)
    assert int(made.nodules.sum()) == sum(size for _, size in found)


def test_emphysema_is_measured(kit, made):
    """The share of emphysema is that of the phantom, to half a per cent."""
    share = kit("emphysema", "processing-containers/quantify/files").share(made.hounsfield)

    expected = made.emphysema.sum() / (made.lungs & ~made.nodules).sum()
    assert expected == pytest.approx(share, abs=0.005)


def test_lobes_fill_the_lungs(kit, made):
    """Every voxel of the lungs belongs to one of five lobes, refined or not, and none outside."""
    program = "processing-containers/lung-lobes/files"
    atlas = kit("make_atlas", "base-images/base-lung-atlas/files").atlas()
    kit("accelerated", "base-images/base-lung-gpu/files")

    plain = kit("lobes", program).by_atlas(made.lungs, atlas)
    refined = kit("refined_lobes", program).refined(made.lungs, atlas)

    for lobes in (plain, refined):
        assert np.array_equal(made.lungs, lobes > 0)
        assert {0, 1, 2, 3, 4, 5} == set(np.unique(lobes).tolist())
    assert not np.isin(plain[: plain.shape[0] // 2], [3, 4, 5]).any()


def test_from_image_to_report(kit, made, batch, examples, monkeypatch):
    """The operators' programs work on each other's folders as the DAG joins them."""
    image = kit("lungkit.nifti").from_array(made.hounsfield, spacing=(7.0, 7.0, 6.0))
    kit("lungkit.nifti").write_nifti(batch / "in/ct.nii.gz", image)
    quantify, run = "processing-containers/quantify/files", kit("lungkit.batch").run

    def step(source, target, work, inputs):
        monkeypatch.setenv("OPERATOR_IN_DIR", source)
        monkeypatch.setenv("OPERATOR_OUT_DIR", target)
        assert run(work, inputs) == 0

    segment, volume, preview = kit("segment"), kit("volume"), kit("preview")
    nodules = kit("nodules", quantify)
    step("in", "lung-segment", segment.segment_file, segment.images)
    step("lung-segment", "lung-volume", volume.measure_file, volume.masks)
    step("in", "lung-preview", preview.draw_file, preview.images)
    step("in", "lung-nodules", nodules.find_file, nodules.images)
    monkeypatch.setenv("REPORT_DIRS", "lung-volume,lung-preview,lung-nodules")
    page = examples / "lung-toolkit/processing-containers/lung-report/files/page.html"
    monkeypatch.setenv("LUNG_PAGE", str(page))
    report = kit("report", "processing-containers/lung-report/files")
    step("lung-volume", "lung-report", report.report, report.folders)

    page = (batch / "lung-report/lung-report-case-1.html").read_text()
    assert f"<td>{round(float(made.lungs.sum() * 0.294), 3)}</td>" in page
    assert "<tr><th>nodules</th><td>3</td></tr>" in page
    assert page.count("data:image/png;base64,") == 1


def test_second_generation(kit, tmp_path, monkeypatch):
    """What the phantom's container writes, the measuring one reads and measures."""
    monkeypatch.setenv("IMAGES_DIR", str(tmp_path / "images"))
    monkeypatch.setenv("FIGURES_DIR", str(tmp_path / "figures"))
    containers = "measure/processing-containers"
    measure = kit("measure", f"{containers}/lung-measure/files")

    assert measure.main() == 1  # nothing there yet
    assert kit("make_phantoms", f"{containers}/lung-phantom/files").main() == 0
    assert measure.main() == 0
    figures = json.loads((tmp_path / "figures/phantom-1.json").read_text())
    assert -870 < figures["mean density (HU)"] < -845


def test_picture(kit):
    """A picture is a PNG file of the right size whose pixels come out again."""
    coded = kit("lungkit.pictures").png(np.array([[0, 128, 255], [1, 2, 3]], np.uint8))

    assert coded.startswith(b"\x89PNG\r\n\x1a\n")
    assert (3, 2) == struct.unpack_from(">2I", coded, 16)
    start = coded.index(b"IDAT") + 4
    assert b"\0\x00\x80\xff\0\1\2\3" == zlib.decompressobj().decompress(coded[start:])


@pytest.mark.parametrize(
    ("target", "status", "kind"),
    [
        ("/", 200, "text/html; charset=utf-8"),
        ("/healthz", 200, "text/plain"),
        ("/case/ct%20scan.nii.gz.png?z=0", 200, "image/png"),
        ("/case/ct%20scan.nii.gz.png?z=99", 400, "text/plain"),
        ("/case/ct%20scan.nii.gz.png?z=-1", 400, "text/plain"),
        ("/case/ct%20scan.nii.gz.png?z=a", 400, "text/plain"),
        ("/../secret.nii.gz.png", 404, "text/plain"),
    ],
)
def test_viewer(kit, tmp_path, target, status, kind):
    """The viewer lists and draws what lies in its folder, and opens nothing else."""
    nifti = kit("lungkit.nifti")
    (tmp_path / "data/case").mkdir(parents=True)
    volume = nifti.from_array(np.zeros((4, 4, 4), np.int16))
    nifti.write_nifti(tmp_path / "data/case/ct scan.nii.gz", volume)
    nifti.write_nifti(tmp_path / "secret.nii.gz", volume)

    answered = kit("serve", "viewer/docker/files").answer(tmp_path / "data", target)

    assert (status, kind) == answered[:2]
