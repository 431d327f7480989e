"""The pages: what stands on them, where their links lead, and that nothing of an image gets through as markup."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

import pytest

from edk.domain.catalogue import Catalogue
from edk.domain.described import Description, Layer
from edk.domain.errors import RegistryUnreachableError
from edk.domain.labels import REVISION, SOURCE
from edk.domain.pages import HTML, JSON, Admission, PageRequest, PageResponse
from edk.domain.seen import Looked, Seen
from edk.ui.page.frame import Site
from edk.ui.page.html import el, join, text
from edk.ui.page.listing import MAX_ROWS, Wish, shown_images, wish_of
from edk.ui.page.routes import Pages
from tests.support.html import ReadPage, read_page
from tests.unit.images.test_catalogue import listed
from tests.unit.images.test_images_output import DESCRIBED, seen
from tests.unit.pruning.test_judging import digest, image

SITE = Site("localhost:32000", "registry.svc:5000", "0.1.0")
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202egpj\x00\ud800&amp;"


def pages(found: Catalogue | None = None, **more: object) -> Pages:
    """Pages of some images."""
    looked = Looked(seen()[0] if found is None else found, DESCRIBED)
    given = Seen(replace(looked, **more))  # type: ignore[arg-type]
    return Pages(SITE, lambda: given)


def get(made: Pages, target: str, prefix: str = "") -> PageResponse:
    """The answer to a request line."""
    request = Admission(prefix=prefix).request(target, "")
    assert request is not None
    return made.answer(request)


def shown(made: Pages, target: str = "/", prefix: str = "", status: int = 200) -> ReadPage:
    """The page at a target."""
    response = get(made, target, prefix)
    assert (status, HTML) == (response.status, response.content_type)
    policy = dict(response.headers)["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    return read_page(response.content)


def test_the_list() -> None:
    """Our images and others, with tags, state and why, sizes; earlier builds and aliases are hidden, and counted."""
    page = shown(pages())

    for words in ("dag", "seg", "0.6.0", "stale", "run.py changed", "7.0 kB", "0123456789", "not ours",
                  "localhost:32000", "registry.svc:5000", "ext (2 operators)", "3 images, 2 earlier builds",
                  "38.0 kB"):  # fmt: skip
        assert words in page.text
    assert digest("9")[:19] not in page.text
    assert digest("9")[:19] in shown(pages(), "/?all=1").text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["dag", "seg", "theirs\x1b"]),
        ("q=seg", ["seg"]),
        ("q=SEG+0.6", ["seg"]),
        ("q=ext+stale", ["seg"]),
        ("q=0123456789a", ["seg"]),
        ("q=nothing", []),
        ("state=foreign", ["theirs\x1b"]),
        ("state=earlier", ["seg"]),
        ("sort=own", ["seg", "dag", "theirs\x1b"]),
        ("sort=size&q=e", ["seg", "dag", "theirs\x1b"]),
        ("sort=built&q=.6", ["seg", "dag"]),
        ("all=1&q=seg&sort=size", ["seg", "seg"]),
        ("state=%3Cscript%3E&sort=x", ["dag", "seg", "theirs\x1b"]),
        ("&".join(f"a{n}=1" for n in range(99)), ["dag", "seg", "theirs\x1b"]),
    ],
)
def test_filters(query: str, names: list[str]) -> None:
    """By words, state, and order; what is not understood is passed over."""
    found, _ = seen()

    assert names == [each.held.repository for each in shown_images(found, wish_of(query))]
    assert 200 == get(pages(), f"/?{query}").status


def test_the_filter_stands_in_its_form_again() -> None:
    """Escaped."""
    page = shown(pages(), "/?q=%22%3E%3Cb%3E&state=stale&all=1&sort=size")

    assert ("value", '"><b>') in page.attributes
    assert Wish('"><b>', "stale", "size", everything=True) == wish_of("q=%22%3E%3Cb%3E&state=stale&all=1&sort=size")


def test_every_link_of_the_list_leads_to_a_page() -> None:
    """Below the prefix, too."""
    made = pages()
    for prefix in ("", "/local-registry-ui"):
        links = set(shown(made, f"{prefix}/?all=1", prefix).links)
        assert all(link.startswith(f"{prefix}/") for link in links)
        assert len([link for link in links if "/image/" in link]) == 5
        assert [] == [link for link in links if get(made, link, prefix).status != 200]


def test_an_image() -> None:
    """Its tags, both names, layers with what made them, who uses it, how to remove it, and its other builds."""
    page = shown(pages(), f"/image/seg@{digest('b')}")

    for words in ("seg", "0.6.0", "stale", "run.py changed", "localhost:32000/seg:0.6.0", "registry.svc:5000/seg:0.6.0",
                  f"localhost:32000/seg@{digest('b')}", "ADD base", "RUN make \\x1b[31m", "71 %", "dag:0.6.0",
                  "SegOperator", "a.py:3", "edk prune", f"curl -X DELETE http://registry.svc:5000/v2/seg/manifests/{digest('b')}",
                  "Other builds of this name", "0123456789abcdef", "with changes that were not committed"):  # fmt: skip
        assert words in page.text
    assert "button" not in page.tags
    assert page.title.startswith("seg:0.6.0")


@pytest.mark.parametrize("name", ["seg", "seg:0.6.0", f"seg@{digest('b')}", f"seg@{digest('b')[:19]}"])
def test_an_image_is_found_by_each_of_its_names(name: str) -> None:
    """The same one."""
    assert digest("b") in shown(pages(), f"/image/{name}").text


@pytest.mark.parametrize(
    "target", ["/image/none", "/image/seg:9", "/image/", "/x", "/image", "/favicon.ico", "/image/../.."]
)
def test_what_there_is_not(target: str) -> None:
    """Is a page that says so, with a way back."""
    assert "All images" in shown(pages(), target, status=404).text


def test_nothing_of_an_image_becomes_markup() -> None:
    """Whatever names, tags, labels and history hold; control and bidirectional characters are written out."""
    bad = replace(image(HOSTILE, "a", tags="x"), tags=(HOSTILE,))
    told = Description(HOSTILE, labels=((HOSTILE, HOSTILE), (REVISION, HOSTILE), (SOURCE, f"javascript:{HOSTILE}")),
                       layers=(Layer("l", 5, HOSTILE),))  # fmt: skip
    found = replace(listed(bad, described={bad.digest: told}), unreadable=(HOSTILE,))
    made = pages(found, described={bad.digest: told}, problem=HOSTILE)
    address = f"/image/{quote(HOSTILE.replace(chr(0), ''), safe='', errors='surrogatepass')}"

    for page in (shown(made), shown(made, f"/image/?{HOSTILE}", status=404), shown(made, address, status=404)):
        assert "<script>alert(1)</script>" in page.text or "no image" in page.text
    # A surrogate can't stand in an address; so it is asked for by what can.
    mild = HOSTILE.replace("\ud800", "").replace("\x00", "").replace(":", "")
    held = replace(bad, repository=mild)
    found = listed(held, described={bad.digest: told})
    detail = shown(pages(found, described={bad.digest: told}), f"/image/{quote(mild, safe='')}@{digest('a')}")
    for page in (detail, shown(pages(found), "/?all=1")):
        assert "<script>alert(1)</script>" in page.text
        assert not {"\x1b", "\u202e", "\x00"} & set(page.text + "".join(value for _, value in page.attributes))
    assert "curl -X DELETE 'http" in detail.text


def test_a_registry_that_is_away() -> None:
    """503, with what to do; asked for again by itself."""
    error = RegistryUnreachableError("Nothing answers at <registry>", "Start it by scripts/setup.sh")
    made = Pages(SITE, lambda: Seen(problem=error))

    for target in ("/", "/image/seg"):
        page = shown(made, target, status=503)
        assert "Nothing answers at <registry>" in page.text
        assert "Start it by scripts/setup.sh" in page.text
        assert ("http-equiv", "refresh") in page.attributes
    api = get(made, "/api/images.json")
    assert (503, JSON, "10") == (api.status, api.content_type, dict(api.headers)["Retry-After"])
    assert {"error": "Nothing answers at <registry>", "hint": "Start it by scripts/setup.sh"} == json.loads(api.content)


def test_a_registry_that_is_slow() -> None:
    """The first time it is said; later what was there is shown with its age."""
    first = shown(Pages(SITE, Seen), status=503)
    later = shown(Pages(SITE, lambda: Seen(Looked(seen()[0], DESCRIBED), age=90)))

    assert "answers slowly" in first.text
    assert "This is what it held 90 seconds ago" in later.text


def test_without_extensions_it_says_so() -> None:
    """Nothing is called current then, and nothing stale."""
    page = shown(pages(listed(image("seg", "b", tags="1"))))

    assert "No extensions are read here" in page.text
    assert "stale" not in page.text.replace("any statecurrentstale", "")


def test_an_empty_registry() -> None:
    """Says how images come to be."""
    assert "The registry is empty" in shown(pages(Catalogue(0.0, ()))).text


def test_many_images_are_cut_short() -> None:
    """And the page stays bounded."""
    many = listed(*(image(f"image-{n}", f"{n:04x}", tags="1") for n in range(MAX_ROWS + 7)))
    page = shown(pages(many))

    assert f"The first {MAX_ROWS} of {MAX_ROWS + 7} images" in page.text
    assert MAX_ROWS + 1 == page.tags.count("tr")


def test_the_same_as_json() -> None:
    """As `edk images --json` has it, and the layers of one."""
    made = pages()
    images = json.loads(get(made, "/api/images.json").content)
    layers = json.loads(get(made, f"/api/layers.json?image={quote('seg:0.6.0')}").content)

    assert ("edk.images/v1", 5, "edk.image-layers/v1") == (images["schema"], len(images["images"]), layers["schema"])
    assert 404 == get(made, "/api/layers.json?image=none").status
    assert 404 == get(made, "/api/layers.json").status


def test_text_is_escaped_where_it_is_put_in() -> None:
    """Unless it is HTML already."""
    assert "<p title=\"&quot;\">&lt;b&gt;<b>x</b></p>" == el("p", "<b>", None, el("b", "x"), title='"')
    assert "<input checked>" == el("input", checked=True, disabled=False, value=None)
    assert "&lt;&amp;\\u202e" == join(text("<&"), "\u202e")


def test_addresses_of_images_come_back_as_they_were() -> None:
    """Whatever characters they hold."""
    found = listed(image("a/b%2f?#x", "a", tags="1"))
    made = pages(found, described={})
    link = next(link for link in shown(made).links if "/image/" in link)

    assert f"/image/a/b%2f?#x@{digest('a')}" == unquote(urlsplit(link).path)
    assert 200 == get(made, link).status
    assert PageRequest(f"/image/a/b%2f?#x@{digest('a')}") == Admission().request(link, "")
