"""Which page a request gets: from what is seen of the registry to an answer, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

from edk.domain.catalogue import Catalogue, Listed
from edk.domain.encoding import to_json
from edk.domain.layering import layerings
from edk.domain.pages import JSON, TEXT, PageRequest, PageResponse
from edk.domain.seen import Looked, Seen
from edk.ui.images_json import images_as_json, layers_as_json
from edk.ui.page.detail import image_page
from edk.ui.page.frame import Site
from edk.ui.page.html import Html, el
from edk.ui.page.listing import list_page, wish_of
from edk.ui.page.trouble import away_json, away_page, missing_json, missing_page
from edk.ui.text import plural

IMAGE = "/image/"
HEALTH = "/healthz"
"""Whether the process lives, for a probe; it looks at nothing."""
OLD = 30.0


class Pages:
    """Answers requests.

    Args:
        site: what pages tell of themselves.
        look: returns what is seen of the registry, after a bounded time.
    """

    def __init__(self, site: Site, look: Callable[[], Seen]) -> None:
        self._site = site
        self._look = look

    def answer(self, request: PageRequest) -> PageResponse:
        """Return the answer to a request."""
        path = request.path
        if path == HEALTH:
            return PageResponse(200, b"ok\n", TEXT)
        program = path.startswith("/api/")
        if path not in {"/", "/api/images.json", "/api/layers.json"} and not path.startswith(IMAGE):
            return missing_page(self._site, "There is no such page.", request.prefix)
        seen = self._look()
        if seen.looked is None:
            if program:
                return away_json(self._site, seen.problem)
            return away_page(self._site, seen.problem, request.prefix)
        if program:
            return self._json(request, seen.looked)
        found = seen.looked.found
        notes = _notes(seen.looked, seen.age)
        if path == "/":
            return list_page(self._site, found, wish_of(request.query), notes, request.prefix)
        image = find_image(found, path.removeprefix(IMAGE))
        if image is None:
            what = f"The registry holds no image {path.removeprefix(IMAGE)[:300]}."
            return missing_page(self._site, what, request.prefix)
        layers = layerings(image, found, seen.looked.described)
        return image_page(self._site, image, found, layers, notes, request.prefix)

    def _json(self, request: PageRequest, looked: Looked) -> PageResponse:
        found = looked.found
        if request.path == "/api/images.json":
            value = images_as_json(found, self._site.registry, self._site.push_host, unused=False, judged=False)
            return PageResponse(200, to_json(value), JSON)
        name = next(iter(parse_qs(request.query, max_num_fields=20).get("image", [])), "")
        image = find_image(found, name)
        if image is None:
            return missing_json(f"the registry holds no image {name[:300]!r}")
        layers = layerings(image, found, looked.described)
        return PageResponse(200, to_json(layers_as_json(image, layers, self._site.registry)), JSON)


def find_image(found: Catalogue, name: str) -> Listed | None:
    """Return the image that a name means: ``repository@digest``, ``repository:tag``, or ``repository``."""
    repository, at, digest = name.partition("@")
    tag = ""
    if not at and ":" in repository.rpartition("/")[2]:
        repository, _, tag = repository.rpartition(":")
    return found.find(repository, tag, digest)


def _notes(looked: Looked, age: float) -> list[Html]:
    """Return what has to be said before anything is shown."""
    found, notes = looked.found, []
    if age > OLD:
        said = f"The registry answers slowly. This is what it held {plural(int(age), 'second')} ago."
        notes.append(el("p", said, class_="note"))
    if looked.problem:
        said = f"The extensions can't be read, so nothing is compared with them: {looked.problem}"
        notes.append(el("p", said, class_="note"))
    elif not found.tree_read and found.images:
        said = "No extensions are read here, so nothing says what is current. Only what the images tell is shown."
        notes.append(el("p", said, class_="note"))
    if found.unreadable:
        count = plural(len(found.unreadable), "repository", "repositories")
        names = ", ".join(found.unreadable[:20])
        notes.append(el("p", f"{count} could not be read: {names}. ", el("code", "edk verify"), " tells more.",
                        class_="note bad"))  # fmt: skip
    return notes
