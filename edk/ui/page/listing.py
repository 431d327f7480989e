"""The page of all images: sums, a filter, a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import parse_qs, urlencode

from edk.domain.catalogue import STATES, Catalogue, Listed, State
from edk.domain.pages import PageResponse
from edk.ui.images_text import STATE_WORDS, used_by
from edk.ui.page.frame import Site, bar, commit_of, image_link, moment, page, state_chip
from edk.ui.page.html import Child, Html, el, join
from edk.ui.text import plural, short, size

Order = Literal["name", "size", "own", "built"]
ORDERS: dict[Order, str] = {"name": "by name", "size": "by size", "own": "by own size", "built": "by age, newest first"}
MAX_ROWS = 500
MAX_TAGS = 6
MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What of the images is to be shown.

    Args:
        text: words that must all occur in name, tags, digest, extension, commit or state.
        state: one state alone; empty: any.
        order: of the rows.
        everything: also earlier builds, parts of indexes, and aliases.
    """

    text: str = ""
    state: State | Literal[""] = ""
    order: Order = "name"
    everything: bool = False


def wish_of(query: str) -> Wish:
    """Return what a query asks for; what it does not understand is left out."""
    try:
        given = {name: values[0] for name, values in parse_qs(query, max_num_fields=20).items()}
    except ValueError:
        return Wish()
    state, order = given.get("state", ""), given.get("sort", "")
    return Wish(
        given.get("q", "")[:MAX_TEXT],
        state if state in STATES else "",  # type: ignore[arg-type]
        order if order in get_args(Order) else "name",  # type: ignore[arg-type]
        given.get("all") == "1",
    )


def shown_images(found: Catalogue, wish: Wish) -> list[Listed]:
    """Return the images that a wish is for, in its order."""
    words = wish.text.lower().split()
    rows = [
        image
        for image in found.images
        if (wish.everything or _plain(image, wish))
        and (not wish.state or image.state == wish.state)
        and all(word in _haystack(image) for word in words)
    ]
    if wish.order == "built":
        rows.sort(key=lambda image: -image.built)
    elif wish.order != "name":
        rows.sort(key=lambda image: -(image.size - (image.shared if wish.order == "own" else 0)))
    return rows


def list_page(site: Site, found: Catalogue, wish: Wish, notes: Sequence[Html], prefix: str) -> PageResponse:
    """Return the page of all images.

    Args:
        site: what pages tell of themselves.
        found: what the registry holds.
        wish: what of it is to be shown.
        notes: what has to be said first.
        prefix: of all links.
    """
    rows = shown_images(found, wish)
    biggest = max((image.size for image in rows), default=0)
    table = el(
        "table",
        el("thead", el("tr", *(el("th", head, class_=kind, scope="col") for head, kind in _HEAD))),
        el("tbody", *(_row(image, found.time, biggest, prefix) for image in rows[:MAX_ROWS])),
    )
    header = el(
        "header",
        el("h1", "Local registry"),
        el("p", *_names(site), class_="sub"),
    )
    return page(
        site,
        "Images",
        header,
        el(
            "main",
            *notes,
            _tiles(found, prefix),
            _form(wish, prefix),
            el("div", table, class_="list") if rows else _nothing(found, wish, prefix),
            el("p", _below(found, rows, wish), class_="soft"),
        ),
        prefix=prefix,
    )


_HEAD = (
    ("Image", None),
    ("State", None),
    ("Used by", None),
    ("Size", "num"),
    ("Own", "num"),
    ("Built", None),
    ("Commit", None),
)


def _names(site: Site) -> list[Child]:
    if site.registry == site.push_host:
        return [el("code", site.registry)]
    return [el("code", site.registry), " from the nodes, ", el("code", site.push_host), " from pods"]


def _plain(image: Listed, wish: Wish) -> bool:
    """Tell whether an image is shown without being asked for: under its own name, and more than an earlier build."""
    if not image.whole:
        return False
    return bool(image.held.tags) or image.state in {"current", wish.state}


def _haystack(image: Listed) -> str:
    held, extension = image.held, image.yielded.extension if image.yielded else ""
    words = (held.repository, *held.tags, held.digest, extension, image.commit, STATE_WORDS[image.state])
    return " ".join(words).lower()


def _tiles(found: Catalogue, prefix: str) -> Html:
    whole = [image for image in found.images if image.whole]
    ours = [image for image in whole if image.ours]
    tiles = [
        _tile(str(len({image.held.repository for image in ours})), "names of ours", f"{prefix}/"),
        _tile(size(found.stored), "stored", f"{prefix}/?sort=own"),
    ]
    counted: tuple[tuple[State, str], ...] = (
        ("current", "current"),
        ("stale", "stale"),
        ("orphaned", "orphaned"),
        ("earlier", "earlier builds"),
        ("foreign", "not ours"),
        ("unreadable", "damaged"),
    )
    for state, words in counted:
        count = sum(image.state == state for image in whole)
        if count or (found.tree_read and state in {"current", "stale"}):
            tiles.append(_tile(str(count), words, f"{prefix}/?{urlencode({'state': state})}"))
    return el("nav", *tiles, class_="tiles", aria_label="Sums")


def _tile(number: str, words: str, link: str) -> Html:
    return el("a", el("b", number), el("span", words), class_="tile", href=link)


def _form(wish: Wish, prefix: str) -> Html:
    states = [("", "any state"), *((state, STATE_WORDS[state]) for state in STATES if state != "unknown")]
    return el(
        "form",
        el("input", type="search", name="q", value=wish.text, placeholder="name, tag, extension, commit, digest",
           aria_label="Filter", maxlength=str(MAX_TEXT)),
        _select("state", "State", states, wish.state),
        _select("sort", "Order", list(ORDERS.items()), wish.order),
        el("label", el("input", type="checkbox", name="all", value="1", checked=wish.everything), "earlier builds too"),
        el("button", "Show", type="submit"),
        method="get",
        action=f"{prefix}/",
        role="search",
    )  # fmt: skip


def _select(name: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> Html:
    made = (el("option", words, value=value, selected=value == chosen) for value, words in options)
    return el("select", *made, name=name, aria_label=label)


def _row(image: Listed, now: float, biggest: int, prefix: str) -> Html:
    own = image.size - image.shared
    share = (own / biggest, image.shared / biggest) if biggest else (0.0, 0.0)
    extension = image.yielded.extension if image.yielded and image.ours else ""
    of = el("div", f"part of {extension}", class_="why") if extension else None
    shares = f"{size(own)} its own, {size(image.shared)} shared with other images"
    why = el("div", image.why, class_="why") if image.state == "stale" else None
    return el(
        "tr",
        el("td", el("div", image_link(image, prefix), class_="name"), _tags(image), class_="first"),
        el("td", el("div", state_chip(image), why), data_label="State"),
        el("td", el("div", used_by(image) or "–", of, class_="wrap"), data_label="Used by"),
        el("td", el("div", size(image.size), bar(*share, shares), class_="size"),
           class_="num", data_label="Size", title=shares),
        el("td", size(own), class_="num", data_label="Own"),
        el("td", moment(image.built, now), class_="nowrap", data_label="Built"),
        el("td", el("div", commit_of(image)), class_="nowrap", data_label="Commit"),
    )  # fmt: skip


def _tags(image: Listed) -> Html:
    held = image.held
    chips = [el("span", tag, class_="tag mono") for tag in held.tags[:MAX_TAGS]]
    if len(held.tags) > MAX_TAGS:
        chips.append(el("span", f"and {len(held.tags) - MAX_TAGS} more", class_="tag"))
    if not held.tags:
        chips.append(el("span", short(held.digest), class_="tag mono"))
    chips += [el("span", each.platform or "?", class_="tag") for each in image.platforms[:MAX_TAGS]]
    kind = "alias" if image.alias_of else "part of an index" if image.index else ""
    return el("div", *chips, el("span", kind, class_="tag") if kind else None, class_="tags")


def _nothing(found: Catalogue, wish: Wish, prefix: str) -> Html:
    if not found.images:
        return el("section", el("p", "The registry is empty. Build an extension, and its images are here:"),
                  el("pre", "./build_extension.sh --dir EXTENSION"))  # fmt: skip
    away = wish.text or wish.state
    reset = el("a", "Show all images", href=f"{prefix}/")
    return el("section", el("p", "No image matches. " if away else "Only earlier builds are here. ", reset))


def _below(found: Catalogue, rows: Sequence[Listed], wish: Wish) -> Html:
    parts: list[Child] = [plural(len(rows), "image")]
    if len(rows) > MAX_ROWS:
        parts = [f"The first {MAX_ROWS} of {len(rows)} images; the filter finds the others"]
    hidden = len(found.images) - len(rows)
    if not wish.everything and not wish.text and not wish.state and hidden > 0:
        parts.append(f", {hidden} earlier builds, aliases and parts of indexes hidden")
    parts.append(el("span", class_="key own"))
    parts.append("its own")
    parts.append(el("span", class_="key shared"))
    parts.append("shared with other images")
    return join(*parts)
