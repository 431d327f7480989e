"""Reads pages as a browser does, strictly: what is opened is closed, and nothing stands where it may not."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

VOID = frozenset({"meta", "link", "input", "br", "col"})
FORBIDDEN = frozenset({"script", "iframe", "object", "embed", "img", "base", "link"})


@dataclass
class ReadPage:
    """A page.

    Args:
        tags: names of all elements.
        links: targets of all links and forms.
        text: all text, without the style sheet.
        attributes: names and values of all attributes.
        title: of the page.
    """

    tags: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    text: str = ""
    attributes: list[tuple[str, str]] = field(default_factory=list)
    title: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = ReadPage()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append(tag)
        for name, value in attrs:
            self.page.attributes.append((name, value or ""))
            if name in {"href", "action"}:
                self.page.links.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        if self.open[-1:] == ["title"]:
            self.page.title += data
        else:
            self.page.text += data


def read_page(content: bytes) -> ReadPage:
    """Return what a page holds; fail if it is not well formed, runs anything, or leads outside."""
    text = content.decode("utf-8")
    assert text.startswith("<!doctype html>\n<html lang=")
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert [] == reader.open, "elements that are not closed"
    page = reader.page
    assert set() == FORBIDDEN & set(page.tags)
    assert [] == [name for name, _ in page.attributes if name.startswith("on") or name in {"style", "src", "srcdoc"}]
    for link in page.links:
        parts = urlsplit(link)
        assert ("", "") == (parts.scheme, parts.netloc), f"{link} leads outside"
        assert link.startswith("/")
        assert not link.startswith("//")
    return page
