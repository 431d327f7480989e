"""What every page has around it, and the small pieces that pages are made of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import quote

from edk.domain.catalogue import STATES, Listed
from edk.domain.pages import HTML, PageResponse
from edk.ui.images_text import STATE_WORDS
from edk.ui.page.html import Child, Html, document, el, join, raw_style
from edk.ui.page.style import CSS, POLICY
from edk.ui.status_text import age


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages tell of themselves.

    Args:
        registry: name of the registry for the nodes, in operators and charts.
        push_host: its name from where the EDK is.
        version: of the EDK.
    """

    registry: str
    push_host: str
    version: str


def page(
    site: Site,
    title: str,
    *body: Child,
    prefix: str = "",
    status: int = 200,
    refresh: int = 0,
    headers: tuple[tuple[str, str], ...] = (),
) -> PageResponse:
    """Return a whole page.

    Args:
        site: what it tells of itself.
        title: in the browser's tab.
        body: what stands in it.
        prefix: of all its links.
        status: of HTTP.
        refresh: seconds after which a browser asks for it again; 0: never.
        headers: further ones.
    """
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="robots", content="noindex"),
        el("meta", http_equiv="refresh", content=str(refresh)) if refresh else None,
        el("title", f"{title} · {site.registry}"),
        raw_style(CSS),
    )
    footer = el(
        "footer",
        f"EDK {site.version} · read only · ",
        el("a", "as JSON", href=f"{prefix}/api/images.json"),
    )
    policy = ("Content-Security-Policy", POLICY)
    return PageResponse(status, document(head, el("body", *body, footer)), HTML, (policy, *headers))


def state_chip(image: Listed) -> Html:
    """Return an image's state, with what it means on hovering."""
    meaning = STATES[image.state] if image.why == STATES[image.state] else f"{STATES[image.state]}: {image.why}"
    return el("span", "unknown" if image.state == "unknown" else STATE_WORDS[image.state],
              class_=f"state {image.state}", title=meaning)  # fmt: skip


def moment(stamp: float, now: float) -> Html:
    """Return how long ago something was, with the time itself on hovering."""
    if not stamp:
        return el("span", "not known", class_="soft")
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(stamp))
    return el("time", f"{age(now - stamp)} ago", datetime=f"{when.replace(' ', 'T')}Z", title=f"{when} UTC")


def bar(own: float, shared: float, label: str) -> Html:
    """Return a bar of two parts.

    Args:
        own: the first part, of 1.
        shared: the second part, of 1.
        label: what it says, for those who don't see it.
    """
    first, second = (round(1000 * max(0.0, min(1.0, part))) for part in (own, shared))
    return el(
        "svg",
        el("rect", class_="own", x="0", y="0", width=str(first), height="10"),
        el("rect", class_="shared", x=str(first), y="0", width=str(second), height="10"),
        class_="bar",
        viewBox="0 0 1000 10",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )


def image_link(image: Listed, prefix: str, shown: Child = None) -> Html:
    """Return a link to an image's page."""
    return el("a", image.held.repository if shown is None else shown, href=image_path(image, prefix))


def image_path(image: Listed, prefix: str) -> str:
    """Return where an image's page is."""
    # What is no UTF-8 can't stand in an address; a registry that follows the rules has no such name.
    repository, digest = (quote(text, safe="/:", errors="replace") for text in image.held.key)
    return f"{prefix}/image/{repository}@{digest}"


def commit_of(image: Listed) -> Html:
    """Return the commit of an image, cut short, and whether files were changed."""
    if not image.commit:
        return el("span", "–", class_="soft")
    changed = el("span", "+", title="with changes that were not committed") if image.dirty else None
    return join(el("code", image.commit[:10], title=image.commit), changed)
