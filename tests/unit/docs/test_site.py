"""The site of ``docs/``: it builds, every link and anchor leads somewhere, and it needs nothing from outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.docs.tables import ROOT

COPIED = ("mkdocs.yml", "README.md", "CHANGELOG.md", "docs", "deploy", "examples", "bench", "scripts")
_FETCHED = re.compile(r"""<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^"' >]+""")


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder; not `--quiet`, with which mkdocs takes warnings for nothing."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("mkdocs", reason="mkdocs is not installed: scripts/test.sh brings it")
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(site)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of this project."""
    place = tmp_path_factory.mktemp("site")
    done = build(ROOT, place)
    assert (0, "") == (done.returncode, done.stdout), done.stderr
    return place


def test_every_page_is_there(site: Path) -> None:
    """Those of ``docs/``, and what they link to outside of it."""
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}

    assert [] == sorted(str(page) for page in pages if not (site / page).is_file())
    assert (site / "outside/deploy/chart/index.html").is_file()


def test_nothing_is_fetched_from_outside(site: Path) -> None:
    """No script, style, font or picture, so that it can be read where there is no network."""
    pages = {str(page): page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    styles = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]

    assert {} == {name: found for name, text in pages.items() if (found := _FETCHED.findall(text))}
    assert [] == [found for text in styles for found in re.findall(r"url\(['\"]?(?:https?:)?//[^)]*", text)]
    assert [] == [name for name, text in pages.items() if re.search(r"@import\s+url\(['\"]?https?:", text)]


def test_a_bar_in_code_in_a_table_is_one(site: Path) -> None:
    """As the git host shows it, which wants it escaped."""
    assert "<code>bash|zsh|fish</code>" in (site / "commands/completion.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[x](nowhere.md)", "nowhere.md"),
        ("[x](quick-start.md#nowhere)", "#nowhere"),
        ("[x](../nowhere.md)", "../nowhere.md"),
        ("![x](images/nowhere.png)", "images/nowhere.png"),
        ("[x](../deploy/chart/README.md#nowhere)", "#nowhere"),
    ],
)
def test_what_leads_nowhere_is_an_error(tmp_path: Path, text: str, named: str) -> None:
    """Pages, anchors, pictures, and the same outside of ``docs/``."""
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    with (tmp_path / "docs/index.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{text}\n")

    done = build(tmp_path, tmp_path / "site")

    assert 0 != done.returncode
    assert named in done.stderr
