"""Pages for when there is nothing to show: the registry is away or slow, or there is no such page."""

from __future__ import annotations

from edk.domain.encoding import to_json
from edk.domain.errors import EdkError
from edk.domain.pages import JSON, PageResponse
from edk.ui.page.frame import Site, page
from edk.ui.page.html import Child, el

RETRY = 10


def away_page(site: Site, problem: EdkError | None, prefix: str) -> PageResponse:
    """Return the page for a registry that can't be shown.

    Args:
        site: what pages tell of themselves.
        problem: why; None: the first look at it is not over.
        prefix: of all links.
    """
    if problem is None:
        title = "The registry answers slowly"
        body: tuple[Child, ...] = (
            el("p", f"The first look at {site.push_host} takes long; it goes on, and this page asks again by itself."),
        )
    else:
        title = "The registry can't be shown"
        hint = el("p", problem.hint) if problem.hint else None
        doctor = el("p", "More is told by ", el("code", "edk doctor"), ". This page asks again by itself.")
        body = (el("p", problem.message, class_="note bad"), hint, doctor)
    return page(
        site,
        title,
        el("header", el("h1", title)),
        el("main", el("section", *body)),
        prefix=prefix,
        status=503,
        refresh=RETRY,
        headers=(("Retry-After", str(RETRY)),),
    )


def missing_page(site: Site, what: str, prefix: str) -> PageResponse:
    """Return the page for what there is not."""
    back = el("a", "All images", href=f"{prefix}/")
    body = el("section", el("p", what), el("p", back))
    return page(site, "Not found", el("header", el("h1", "Not found")), el("main", body), prefix=prefix, status=404)


def away_json(site: Site, problem: EdkError | None) -> PageResponse:
    """Return the same as `away_page` for programs."""
    message = problem.message if problem else f"the first look at {site.push_host} is not over"
    content = to_json({"error": message, "hint": problem.hint if problem else ""})
    return PageResponse(503, content, JSON, (("Retry-After", str(RETRY)),))


def missing_json(what: str) -> PageResponse:
    """Return the same as `missing_page` for programs."""
    return PageResponse(404, to_json({"error": what, "hint": "/api/images.json lists what there is"}), JSON)
