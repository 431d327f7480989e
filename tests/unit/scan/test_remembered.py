"""What a scan remembers of operators: never more than still holds."""

from __future__ import annotations

import pytest

from edk.domain.workspace import Root, Workspace
from edk.orchestrator.scan import ScanRequest, scan
from tests.fakes.cache import FakeCache
from tests.fakes.tree import FakeTree

OPERATOR = """\
from names import NAME

class WorkOperator(KaapanaBaseOperator):
    def __init__(self, dag):
        super().__init__(dag=dag, image=f"{DEFAULT_REGISTRY}/{NAME}:1.0")
"""
FILES = {"/x/WorkOperator.py": OPERATOR, "/x/names.py": 'NAME = "first"\n', "/x/other.py": "A = 1\n"}


def _scan(tree: FakeTree, cache: FakeCache) -> Workspace:
    return scan(tree.fresh(), cache, ScanRequest((Root("/x", "extension", 0),)))


def _values(workspace: Workspace) -> list[str]:
    return [located.image.value for located in workspace.operator_images]


def test_a_second_scan_only_takes_digests_and_finds_the_same() -> None:
    """Where nothing changed, each file is opened once, to see that it is the same, and the workspace is equal."""
    tree, cache = FakeTree(FILES), FakeCache()
    first = _scan(tree, cache)
    tree.opened.clear()

    second = _scan(tree, cache)

    assert ["{DEFAULT_REGISTRY}/first:1.0"] == _values(second)
    assert first == second
    assert ["/x/WorkOperator.py", "/x/names.py"] == tree.opened


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("/x/names.py", 'NAME = "second"\n', ["{DEFAULT_REGISTRY}/second:1.0"]),
        ("/x/WorkOperator.py", OPERATOR.replace("1.0", "2.0"), ["{DEFAULT_REGISTRY}/first:2.0"]),
        ("/x/names/__init__.py", 'NAME = "package"\n', ["{DEFAULT_REGISTRY}/first:1.0"]),
        ("/x/MoreOperator.py", OPERATOR, ["{DEFAULT_REGISTRY}/first:1.0"] * 2),
    ],
)
def test_a_change_of_any_file_with_a_part_in_it_counts(path: str, content: str, expected: list[str]) -> None:
    """An operator, a file it imports from, and a file that is new are seen at the next scan."""
    tree, cache = FakeTree(FILES), FakeCache()
    _scan(tree, cache)
    tree.tick(10)
    tree.write(path, content)

    assert expected == _values(_scan(tree, cache))


def test_an_imported_file_that_is_gone_counts() -> None:
    """A name whose file was deleted is not known any more."""
    tree, cache = FakeTree(FILES), FakeCache()
    _scan(tree, cache)
    tree.delete("/x/names.py")

    assert [""] == _values(_scan(tree, cache))


def test_an_unreadable_operator_is_told_each_time() -> None:
    """What could not be read is not remembered as all there is."""
    tree, cache = FakeTree(FILES), FakeCache()
    tree.fail("/x/WorkOperator.py", PermissionError(13, "Permission denied"))
    _scan(tree, cache)

    again = _scan(tree, cache)
    assert ["WorkOperator.py"] == [located.diagnostic.file for located in again.diagnostics]

    tree.fail("/x/WorkOperator.py", None)
    assert ["{DEFAULT_REGISTRY}/first:1.0"] == _values(_scan(tree, cache))
