"""The installer of the bundled base-installer, on folders of its own."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

INSTALLER = Path(__file__).parents[2] / "edk/bundled/bases/base-installer/files/install.py"


@pytest.fixture
def installer() -> ModuleType:
    """The installer, loaded from its path: it is no part of the package."""
    spec = importlib.util.spec_from_file_location("bundled_installer", INSTALLER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What a DAG image holds below /kaapana/tmp."""
    return write(tmp_path / "image", {"dags/dag_otsu.py": "dag", "dags/otsu/OtsuOperator.py": "operator"})


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """The mounted folders, with a file of another extension."""
    return write(tmp_path / "mounted", {"dags/dag_other.py": "other", "plugins/other.py": "other"})


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a root."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def tree(root: Path) -> dict[str, str | None]:
    """Return every path below a root with its text; folders have none."""
    return {
        str(path.relative_to(root)): path.read_text() if path.is_file() else None for path in root.rglob("*")
    }


def test_copies_every_file_and_leaves_others_alone(installer, image, mounted):
    """All files of the image arrive, next to those of other extensions, and nothing else."""
    before = tree(mounted)

    installer.copy(image, mounted)

    assert before | {
        "dags/dag_otsu.py": "dag",
        "dags/otsu": None,
        "dags/otsu/OtsuOperator.py": "operator",
    } == tree(mounted)


def test_copying_again_replaces_older_files(installer, image, mounted):
    """A second installation brings the new content."""
    installer.copy(image, mounted)
    write(image, {"dags/dag_otsu.py": "newer"})

    installer.copy(image, mounted)

    assert "newer" == (mounted / "dags/dag_otsu.py").read_text()


def test_remove_undoes_copy(installer, image, mounted):
    """After removal the mounted folders are as they were before."""
    before = tree(mounted)
    installer.copy(image, mounted)

    installer.remove(image, mounted)

    assert before == tree(mounted)


def test_remove_takes_the_bytecode_along(installer, image, mounted):
    """Bytecode that Airflow made of our files goes, that of others stays."""
    ours = {
        "dags/otsu/__pycache__/OtsuOperator.cpython-312.pyc": "",
        "dags/__pycache__/dag_otsu.cpython-312.pyc": "",
    }
    others = {"dags/__pycache__/dag_other.cpython-312.pyc": ""}
    write(mounted, others)
    before = tree(mounted)
    installer.copy(image, mounted)
    write(mounted, ours)

    installer.remove(image, mounted)

    assert before == tree(mounted)


def test_remove_keeps_folders_that_hold_something_else(installer, image, mounted):
    """A file that somebody else put into our folder survives, with the folder."""
    installer.copy(image, mounted)
    write(mounted, {"dags/otsu/notes.txt": "mine"})

    installer.remove(image, mounted)

    assert {"dags/otsu", "dags/otsu/notes.txt"} == {path for path in tree(mounted) if "otsu" in path}


def test_remove_of_what_was_never_copied_is_no_error(installer, image, mounted):
    """The delete hook runs also where the installation failed."""
    before = tree(mounted)

    installer.remove(image, mounted)

    assert before == tree(mounted)


@pytest.mark.parametrize("name", ["notes.txt", "dag/typo.py", "DAGS/x.py"])
def test_refuses_files_outside_the_known_folders_before_copying(installer, image, mounted, name):
    """A misplaced file is named, and nothing at all is copied."""
    write(image, {name: ""})
    before = tree(mounted)

    with pytest.raises(installer.MisplacedFileError, match=name):
        installer.copy(image, mounted)

    assert before == tree(mounted)


@pytest.mark.parametrize(
    ("action", "expected"),
    [("", (0, True)), ("copy", (0, True)), ("remove", (0, False)), ("install", (2, False))],
)
def test_action_decides(installer, image, mounted, monkeypatch, action, expected):
    """ACTION chooses what happens; an unknown one is a usage error."""
    monkeypatch.setattr(installer, "SOURCE", image)
    monkeypatch.setenv("ACTION", action)
    monkeypatch.setenv("TARGET_PREFIX", str(mounted))

    assert expected == (installer.main(), (mounted / "dags/dag_otsu.py").exists())
