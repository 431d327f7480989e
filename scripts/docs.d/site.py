"""What the site needs beyond its generator: the commands in the navigation, and links to files outside ``docs/``.

A Markdown file that a page links to becomes a page below ``outside/``; so do those that it links to itself. A link to
any other file or folder becomes its name, as there is nothing in the site that it could lead to.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
OUTSIDE = "outside"
COMMANDS = "commands/index.md"
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")
_CELL = re.compile(r"<td.*?</td>", re.DOTALL)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Unfold the entry of the commands in the navigation into their pages."""
    for section in config.nav:
        for entries in section.values():
            for entry in entries if isinstance(entries, list) else []:
                for title, place in entry.items():
                    if place == COMMANDS:
                        names = sorted(path.stem for path in (ROOT / "docs/commands").glob("*.md"))
                        pages = [{f"edk {name}": f"commands/{name}.md"} for name in names if name != "index"]
                        entry[title] = [{"All commands": COMMANDS}, *pages]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the Markdown files outside ``docs/`` that pages link to, directly or over others."""
    seen: set[str] = set()
    todo = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    while todo:
        source = todo.pop()
        for _, target, _ in _LINK.findall(_FENCE.sub("", _read(source))):
            found = _resolve(source, target)
            if found.startswith(("docs/", "..")) or found in seen:
                continue
            if found.endswith(".md") and (ROOT / found).is_file():
                seen.add(found)
                todo.append(found)
                place = f"{OUTSIDE}/{found}"
                files.append(
                    File.generated(config, place, content=_read(found), inclusion=InclusionLevel.NOT_IN_NAV)
                )
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Turn links from and to files outside ``docs/`` into links of the site."""
    here = page.file.src_uri
    source = here.removeprefix(f"{OUTSIDE}/") if here.startswith(f"{OUTSIDE}/") else f"docs/{here}"

    def turned(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        found = _resolve(source, target)
        place = found.removeprefix("docs/") if found.startswith("docs/") else f"{OUTSIDE}/{found}"
        if files.get_file_from_path(place) is not None:
            return f"[{text}]({posixpath.relpath(place, posixpath.dirname(here) or '.')}{anchor})"
        if found.startswith("docs/") or not (ROOT / found).exists():
            return match[0]  # broken, or a file of the site: the check of links says what is wrong
        return text if text.strip("`") == found else f"{text} (`{found}`)"

    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [_LINK.sub(turned, markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(turned, markdown[end:])])


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    r"""Show ``\|`` in a table's code as the bar that the git host shows there."""
    return _CELL.sub(lambda match: match[0].replace("\\|", "|"), html)


def _resolve(source: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def _read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
