"""The page of one image: what it is, who uses it, what makes it big, and how it is pulled and removed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from edk.domain.catalogue import STATES, Catalogue, Listed, Referrer
from edk.domain.fingerprint import LABEL
from edk.domain.labels import BASE_NAME, SOURCE, VERSION
from edk.domain.layering import Layering, LayerUse
from edk.domain.pages import PageResponse
from edk.ui.images_text import other_uses
from edk.ui.page.frame import Site, bar, image_link, moment, page, state_chip
from edk.ui.page.html import Child, Html, el, join, lines
from edk.ui.survey_text import reason_text
from edk.ui.text import plural, short, size

MAX_LISTED = 100
MAX_VALUE = 2_000
MAX_LAYERS = 200


def image_page(
    site: Site, image: Listed, found: Catalogue, layers: Sequence[Layering], notes: Sequence[Html], prefix: str
) -> PageResponse:
    """Return the page of one image.

    Args:
        site: what pages tell of themselves.
        image: the image.
        found: what the registry holds.
        layers: of the image, for each platform.
        notes: what has to be said first.
        prefix: of all links.
    """
    held = image.held
    header = el(
        "header",
        el("p", el("a", "← all images", href=f"{prefix}/"), class_="sub"),
        el("h1", held.repository),
        el("div", *(el("span", tag, class_="tag mono") for tag in held.tags), state_chip(image), class_="tags"),
    )
    sections = (
        _facts(image, found.time, found, prefix),
        _uses(image, found, prefix),
        _pulling(site, image),
        *(_layers(layering) for layering in layers),
        _others(image, found, prefix),
        _labels(image),
        _removal(site, image),
    )
    return page(site, image.called, header, el("main", *notes, *sections), prefix=prefix)


def _facts(image: Listed, now: float, found: Catalogue, prefix: str) -> Html:
    held, told = image.held, image.description
    own = image.size - image.shared
    rows: list[tuple[str, Child]] = [
        ("State", join(state_chip(image), " ", image.why if image.why != image.state else STATES[image.state])),
        ("Digest", el("code", held.digest)),
        ("Size", f"{size(image.size)}, {size(image.shared)} of it shared with other images, {size(own)} its own"),
        ("Built", moment(image.built, now)),
    ]
    if image.commit:
        changed = ", with changes that were not committed" if image.dirty else ""
        rows.append(("Commit", join(el("code", image.commit), changed)))
    for name, value in (
        ("Source", told.label(SOURCE) if image.ours else ""),
        ("Dockerfile", image.yielded.dockerfile if image.yielded and image.ours else ""),
        ("Extension", image.yielded.extension if image.yielded and image.ours else ""),
        ("Version", told.label(VERSION) if image.ours else ""),
        ("Built on", told.label(BASE_NAME) if image.ours else ""),
        ("Fingerprint", held.contents.fingerprint),
        ("Platform", ", ".join(p.platform or "?" for p in image.platforms) or told.platform),
    ):
        if value:
            rows.append((name, el("code", value) if name in {"Fingerprint", "Source", "Built on"} else value))
    if image.alias_of:
        main = found.find(image.alias_of, digest=held.digest)
        rows.append(("Alias of", image_link(main, prefix) if main else image.alias_of))
    if image.index:
        index = found.find(held.repository, digest=image.index)
        rows.append(("Part of", image_link(index, prefix, index.called) if index else short(image.index)))
    return el("section", el("dl", *(join(el("dt", name), el("dd", value)) for name, value in rows)))


def _uses(image: Listed, found: Catalogue, prefix: str) -> Html | None:
    rows: list[Html] = []
    if image.yielded and image.state in {"current", "stale"}:
        rows += [el("li", *_referrer(referrer)) for referrer in image.yielded.referrers[:MAX_LISTED]]
    rows += [el("li", reason_text(reason)) for reason in other_uses(image)[:MAX_LISTED]]
    aliases = [a for a in found.images if a.alias_of == image.held.repository and a.held.digest == image.held.digest]
    rows += [el("li", "also known as ", image_link(alias, prefix)) for alias in aliases]
    if not rows:
        return None
    return el("section", el("h2", "Who uses it"), el("ul", *rows))


def _referrer(referrer: Referrer) -> Iterator[Child]:
    kind = {"operator": "operator", "base": "image built on it"}.get(referrer.how, "chart")
    yield f"{kind} "
    yield el("b", referrer.owner) if referrer.owner else None
    yield f" of {referrer.extension}, " if referrer.extension else ", "
    yield el("code", f"{referrer.file}:{referrer.line}")


def _pulling(site: Site, image: Listed) -> Html:
    held = image.held
    hosts = dict.fromkeys((site.registry, site.push_host))
    where = ["from the nodes, in operators and charts", "from pods"] if len(hosts) > 1 else [""]
    parts: list[Child] = [el("h2", "Pull it")]
    for host, words in zip(hosts, where, strict=True):
        names = [f"{host}/{held.repository}:{tag}" for tag in held.tags[:MAX_LISTED]]
        names.append(f"{host}/{held.repository}@{held.digest}")
        parts += [el("p", words, class_="soft") if words else None, el("pre", lines(names))]
    return el("section", *parts)


_HEAD = (
    ("#", "num"),
    ("Size", "num"),
    ("Of all", None),
    ("Came with", None),
    ("Shared with", None),
    ("Made by", None),
)


def _layers(layering: Layering) -> Html:
    platform = f" ({layering.platform})" if layering.platform else ""
    title = el("h2", f"What makes it big{platform}")
    if not layering.readable:
        said = "Its manifest or its configuration can't be read: "
        return el("section", title, el("p", said, el("code", "edk verify"), " tells what heals it."))
    count = plural(len(layering.layers), "layer")
    summary = el("p", f"{size(layering.size)} in {count}, {size(layering.own)} of it this image's alone.")
    table = el(
        "table",
        el("thead", el("tr", *(el("th", name, class_=kind, scope="col") for name, kind in _HEAD))),
        el("tbody", *(_layer(use, layering.size) for use in layering.biggest_first[:MAX_LAYERS])),
    )
    return el("section", title, summary, table if layering.layers else None)


def _layer(use: LayerUse, total: int) -> Html:
    part = use.layer.size / total if total else 0.0
    others = use.shared_with
    shared = others[0] if len(others) == 1 else plural(len(others), "image") if others else "–"
    share = bar(0.0 if others else part, part if others else 0.0, f"{100 * part:.0f} % of the image")
    return el(
        "tr",
        el("td", str(use.number), class_="num", data_label="Layer"),
        el("td", size(use.layer.size), class_="num", data_label="Size"),
        el("td", el("div", f"{100 * part:.0f} %", share, class_="share"), data_label="Of all"),
        el("td", el("div", use.came_with or "this image", class_="from"), data_label="Came with"),
        el("td", el("div", shared, class_="wrap", title=", ".join(others[:20])), data_label="Shared with"),
        el("td", el("code", use.layer.made_by or "not told"), class_="made", data_label="Made by"),
    )


def _others(image: Listed, found: Catalogue, prefix: str) -> Html | None:
    others = [
        other
        for other in found.images
        if other.held.repository == image.held.repository and other.held.digest != image.held.digest and other.whole
    ]
    if not others:
        return None
    rows = (
        el("li", image_link(other, prefix, other.called), " ", state_chip(other), " ", moment(other.built, found.time))
        for other in sorted(others, key=lambda o: -o.built)[:MAX_LISTED]
    )
    return el("section", el("h2", "Other builds of this name"), el("ul", *rows))


def _labels(image: Listed) -> Html | None:
    labels = image.description.labels
    if not labels:
        return None
    # Our own fingerprint stands above.
    rows = (
        el("tr", el("td", el("code", name), class_="wrap first"), el("td", el("div", value[:MAX_VALUE], class_="wrap")))
        for name, value in labels
        if name != LABEL
    )
    opened = el("summary", f"Labels ({len(labels)})")
    return el("section", el("details", opened, el("table", el("tbody", *rows))))


def _removal(site: Site, image: Listed) -> Html:
    held = image.held
    url = f"http://{site.push_host}/v2/{held.repository}/manifests/{held.digest}"
    parts: list[Child] = [el("h2", "Remove it")]
    if image.ours:
        parts.append(el("p", "This removes what nothing uses any more, says before what that is, and asks:"))
        parts.append(el("pre", lines(("edk prune --dry-run", "edk prune"))))
    gone = "This one alone, whatever uses it"
    if not image.ours:
        gone = "It is not ours, so edk prune leaves it alone. This removes it"
    tags = f", with every tag that points at it ({', '.join(held.tags[:10])})" if held.tags else ""
    parts.append(el("p", f"{gone}{tags}:"))
    parts.append(el("pre", f"curl -X DELETE {shlex.quote(url)}"))
    used = [reason_text(reason) for reason in other_uses(image)[:5]]
    if used:
        parts.append(el("p", f"It is in use: {', '.join(used)}.", class_="note"))
    parts.append(el("p", "Its disk space becomes free by a garbage collection: ", el("code", "edk prune --gc"),
                    " does it, or says how.", class_="soft"))  # fmt: skip
    return el("section", *parts)
