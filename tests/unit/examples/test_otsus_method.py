"""The programs of examples/otsus-method do what they say."""

import gzip
import json
import struct

import numpy as np
import pytest

OTSUS = "otsus-method/processing-containers/otsus-method/files"


@pytest.fixture
def otsu(program):
    """Give the module that computes the threshold."""
    return program(OTSUS, "otsu")


@pytest.fixture
def nifti(program):
    """Give the module that reads and writes images."""
    return program(OTSUS, "nifti")


def between_class_variance(values, threshold):
    """Apply Otsu's definition to the letter: w0 * w1 * (m1 - m0)^2."""
    low, high = values[values < threshold], values[values >= threshold]
    if not low.size or not high.size:
        return 0.0
    return low.size * high.size / values.size**2 * (high.mean() - low.mean()) ** 2


def two_blobs(seed, low, high, spread):
    """Give voxels of two normal distributions, rounded to whole grey values."""
    random = np.random.default_rng(seed)
    values = np.concatenate([random.normal(low, spread, 700), random.normal(high, spread, 300)])
    return np.rint(values).astype(np.int16)


class TestThreshold:
    """Otsu's threshold."""

    @pytest.mark.parametrize(
        ("seed", "low", "high", "spread"),
        [(1, 0, 100, 10), (2, -900, 40, 60), (3, 10, 14, 2), (4, -5, 5, 1), (5, 50, 60, 15)],
    )
    def test_is_the_best_of_all(self, otsu, seed, low, high, spread):
        """The threshold has the largest between-class variance of every threshold there is."""
        values = two_blobs(seed, low, high, spread)

        best = max(between_class_variance(values, edge + 0.5) for edge in range(values.min(), values.max()))
        found = otsu.otsu_threshold(otsu.histogram_of(values))

        assert best == pytest.approx(between_class_variance(values, found), rel=1e-12)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (np.array([0, 100], dtype=np.uint8), 50.0),
            (np.array([0, 0, 0, 1], dtype=np.uint8), 0.5),
            (np.array([-128, 127], dtype=np.int8), -0.5),
            (np.array([10, 10, 20, 20, 200, 200], dtype=np.int16), 110.0),
            (np.array([2**63 + 1, 2**63 + 9], dtype=np.uint64), float(2**63)),
        ],
    )
    def test_known_values(self, otsu, values, expected):
        """Between two values with nothing in between the threshold is their middle."""
        assert expected == otsu.otsu_threshold(otsu.histogram_of(values))

    def test_fractions(self, otsu):
        """Grey values that are no integers are binned; the split is right all the same."""
        values = np.concatenate([np.linspace(0.0, 0.2, 50), np.linspace(0.8, 1.0, 50)])

        threshold = otsu.otsu_threshold(otsu.histogram_of(values))

        assert [0] * 50 + [1] * 50 == otsu.segment(values, threshold).tolist()

    def test_not_a_number(self, otsu):
        """Voxels that are not finite neither shift the threshold nor become object."""
        values = np.array([0.0, 0.0, np.nan, 4.0, -np.inf, 4.0])

        threshold = otsu.otsu_threshold(otsu.histogram_of(values))

        assert [0, 0, 0, 1, 0, 1] == otsu.segment(values, threshold).tolist()

    @pytest.mark.parametrize("values", [np.full(8, 7, dtype=np.int16), np.full(3, np.nan), np.zeros(0)])
    def test_nothing_to_split(self, otsu, values):
        """One grey value, or none, has no threshold, and that is said."""
        with pytest.raises(otsu.NoThresholdError):
            otsu.histogram_of(values)


class TestNifti:
    """Reading and writing images."""

    @pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
    @pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
    def test_round_trip(self, nifti, tmp_path, name, dtype):
        """What is written is read back: type, order of axes, values, spacing."""
        voxels = np.arange(24, dtype=dtype).reshape(2, 3, 4)
        nifti.write_nifti(tmp_path / name, nifti.from_array(voxels, spacing=(0.5, 0.75, 3.0)))

        image = nifti.read_nifti(tmp_path / name)

        assert (0.5, 0.75, 3.0) == image.spacing
        assert np.dtype(dtype) == image.voxels.dtype
        assert np.array_equal(voxels, image.voxels)

    def test_first_axis_runs_fastest(self, nifti, tmp_path):
        """The voxels lie in the file as the standard says."""
        voxels = np.array([[1, 3], [2, 4]], dtype=np.uint8)
        nifti.write_nifti(tmp_path / "a.nii", nifti.from_array(voxels, spacing=(1, 1, 1)))

        assert b"\1\2\3\4" == (tmp_path / "a.nii").read_bytes()[352:]

    def test_same_bytes_each_time(self, nifti, tmp_path):
        """A compressed file holds no time of writing."""
        image = nifti.from_array(np.zeros((2, 2), dtype=np.uint8))
        nifti.write_nifti(tmp_path / "a.nii.gz", image)

        assert b"\0\0\0\0" == (tmp_path / "a.nii.gz").read_bytes()[4:8]

    def test_big_endian_and_scaled(self, nifti, tmp_path):
        """A file of the other byte order is read, its scaling applied, and its mask has its geometry."""
        header = bytearray(352)
        struct.pack_into(">i", header, 0, 348)
        struct.pack_into(">8h", header, 40, 3, 2, 1, 1, 1, 1, 1, 1)
        struct.pack_into(">2h", header, 70, 4, 16)
        struct.pack_into(">4f", header, 76, -1.0, 2.0, 2.0, 5.0)
        struct.pack_into(">3f", header, 108, 352.0, 2.0, -1000.0)
        header[280:328] = bytes(range(48))
        header[344:348] = b"n+1\0"
        (tmp_path / "a.nii").write_bytes(header + struct.pack(">2h", 5, 700))

        image = nifti.read_nifti(tmp_path / "a.nii")
        mask = nifti.with_voxels(image, np.array([[[0]], [[1]]], dtype=np.uint8))
        nifti.write_nifti(tmp_path / "mask.nii", mask)
        again = nifti.read_nifti(tmp_path / "mask.nii")

        assert [-990.0, 400.0] == image.voxels.ravel().tolist()
        assert [0, 1] == again.voxels.ravel().tolist()
        assert 0.02 == pytest.approx(again.voxel_ml)
        for unchanged in (slice(40, 56), slice(76, 108), slice(252, 328)):
            assert image.header[unchanged] == again.header[unchanged]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "too few"),
            (b"DICM" * 200, "not a NIfTI-1 image"),
            (struct.pack("<i", 540) + bytes(600), "not a NIfTI-1 image"),
            (struct.pack("<i", 348) + bytes(340) + b"ni1\0" + bytes(10), "not a single-file"),
            (gzip.compress(bytes(1000), mtime=0)[:20], "damaged"),
        ],
        ids=["empty", "dicom", "nifti-2", "pair", "cut-gzip"],
    )
    def test_other_files(self, nifti, tmp_path, content, said):
        """A file that is no such image is refused with its path and the reason."""
        (tmp_path / "a.nii").write_bytes(content)

        with pytest.raises(nifti.NiftiError, match=said) as caught:
            nifti.read_nifti(tmp_path / "a.nii")

        assert str(tmp_path / "a.nii") in str(caught.value)

    def test_cut_short(self, nifti, tmp_path):
        """A file that ends before its last voxel is refused."""
        nifti.write_nifti(tmp_path / "a.nii", nifti.from_array(np.zeros((4, 4), dtype=np.int16)))
        (tmp_path / "a.nii").write_bytes((tmp_path / "a.nii").read_bytes()[:-1])

        with pytest.raises(nifti.NiftiError, match="promises 32 bytes"):
            nifti.read_nifti(tmp_path / "a.nii")

    def test_wrong_shape(self, nifti):
        """Voxels of another shape do not get the geometry of an image."""
        with pytest.raises(nifti.NiftiError, match="does not fit"):
            nifti.with_voxels(nifti.from_array(np.zeros((2, 2), "u1")), np.zeros((2, 3), "u1"))


class TestOtsusMethod:
    """The two programs of examples/otsus-method over a batch."""

    def run(self, program):
        """Run the segmentation over the batch."""
        method = program(OTSUS, "otsus_method")
        return program(OTSUS, "batch").run(method.segment_file, method.images)

    def test_segments_and_reports(self, program, nifti, batch):
        """A bright cube in noise is found, and its volume, threshold and histogram are in the report."""
        random = np.random.default_rng(7)
        voxels = np.rint(random.normal(-800, 20, (20, 16, 12))).astype(np.int16)
        voxels[5:10, 4:8, 3:6] += 900
        nifti.write_nifti(batch / "in/ct.nii.gz", nifti.from_array(voxels, spacing=(2.0, 2.0, 2.5)))

        assert self.run(program) == 0
        mask = nifti.read_nifti(batch / "out/ct.nii.gz")
        expected = np.zeros(voxels.shape, dtype=np.uint8)
        expected[5:10, 4:8, 3:6] = 1
        assert np.array_equal(expected, mask.voxels)
        assert (2.0, 2.0, 2.5) == mask.spacing

        report = program(OTSUS, "otsus_report")
        said = report.report_file(batch / "out/ct.otsu.json", batch)
        text = (batch / "otsus-report-case-1-ct.html").read_text(encoding="utf-8")
        assert "report otsus-report-case-1-ct.html" == said
        assert "60 of 3840 voxels" in text
        assert "0.60 ml" in text
        bars = len(json.loads((batch / "out/ct.otsu.json").read_text())["histogram"]["counts"])
        assert 128 <= bars <= 256
        assert bars == text.count("<rect")

    def test_array(self, program, nifti, batch):
        """A numpy array is an image of voxels of 1 mm."""
        np.save(batch / "in/a.npy", np.array([[0.0, 1.0], [0.0, 1.0]]))

        assert self.run(program) == 0
        assert [[0, 1], [0, 1]] == nifti.read_nifti(batch / "out/a.nii.gz").voxels.tolist()

    def test_no_input(self, program, batch, capsys):
        """Without an image the program ends with 1 and names the folder."""
        assert self.run(program) == 1
        assert f"error: case-1: no input in {batch / 'in'}" in capsys.readouterr().err

    def test_no_batch(self, program, batch, monkeypatch, capsys):
        """Without a batch, or without its variable, the program ends with 1 and says which is missing."""
        monkeypatch.setenv("BATCH_NAME", "other")
        assert self.run(program) == 1
        assert "no batch elements in" in capsys.readouterr().err

        monkeypatch.delenv("BATCH_NAME")
        assert self.run(program) == 1
        assert "BATCH_NAME is not set" in capsys.readouterr().err

    def test_one_bad_image(self, program, batch, capsys):
        """A bad image and a flat one fail the run, and the good one is still segmented."""
        (batch / "in/a.nii").write_bytes(b"no image")
        np.save(batch / "in/b.npy", np.zeros((2, 2)))
        np.save(batch / "in/c.npy", np.array([[0, 9]]))

        assert self.run(program) == 1
        told = capsys.readouterr()
        assert "a.nii: 8 bytes are too few" in told.err
        assert "b.npy: cannot be segmented: every voxel has the grey value 0.0" in told.err
        assert "1 done, 2 failed" in told.out
        assert ["c.nii.gz", "c.otsu.json"] == sorted(path.name for path in (batch / "out").iterdir())

    def test_foreign_findings(self, program, tmp_path):
        """A file that is not the findings of a segmentation is refused by name."""
        (tmp_path / "a.otsu.json").write_text("{}")
        report = program(OTSUS, "otsus_report")

        with pytest.raises(ValueError, match="not the findings of a segmentation"):
            report.report_file(tmp_path / "a.otsu.json", tmp_path)
