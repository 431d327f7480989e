"""Which images a word on the command line means: an image, an operator, a chart."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from edk.domain.errors import UsageError
from edk.domain.plan import BuildPlan, PlannedImage


def traced_images(plan: BuildPlan, words: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the images that words mean; without any, all that an operator, DAG or chart names.

    Args:
        plan: of the extension.
        words: names of images or charts, classes or files of operators.

    Raises:
        UsageError: a word means nothing.
    """
    if not words:
        named = [i for i in plan.images if i.node.references and i.node.role != "base"]
        return tuple(dict.fromkeys(image.node.target.name for image in named if image.node.target.name))
    return tuple(dict.fromkeys(name for word in words for name in _meant(plan, word)))


def _meant(plan: BuildPlan, word: str) -> Iterator[str]:
    images = {image.node.target.name: image for image in plan.images if image.node.target.name}
    found = [
        *([word] if word in images else []),
        *_of_operator(plan, word, {image.key: name for name, image in images.items()}),
        *_of_chart(plan, word, images),
    ]
    if not found:
        _explain_operator(plan, word)
        classes = {image.located.image.owner for image in plan.graph.images}
        charts = {c.chart.name for c in plan.workspace.charts if c.root.kind == "extension"}
        near = difflib.get_close_matches(word, sorted(images.keys() | classes | charts), n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "edk plan lists the images that there are"
        raise UsageError(f"{word!r} is no image, operator or chart of this extension", hint)
    yield from found


def _explain_operator(plan: BuildPlan, word: str) -> None:
    """Raise UsageError for an operator whose images are none that is built here."""
    for resolved in plan.graph.images:
        if word != resolved.located.image.owner:
            continue
        image, place = resolved.located.image, f"{resolved.located.root.path}/{resolved.located.image.file}"
        name = resolved.name or image.expression
        raise UsageError(
            f"{word} names {name}, which no Dockerfile here yields: {place}:{image.line}",
            "edk check says what is wrong with it, if anything is",
        )


def _of_operator(plan: BuildPlan, word: str, names: dict[str, str]) -> Iterator[str]:
    for resolved in plan.graph.images:
        image = resolved.located.image
        whole = f"{resolved.located.root.path}/{image.file}"
        matches = word in {image.owner, whole} or whole.endswith(f"/{word.lstrip('./')}")
        if matches and resolved.target in names:
            yield names[resolved.target]


def _of_chart(plan: BuildPlan, word: str, images: dict[str, PlannedImage]) -> Iterator[str]:
    """Yield what a chart names itself, and what the DAG image that it installs names."""
    by_key = {image.key: name for name, image in images.items()}
    for located in plan.workspace.charts:
        if located.root.kind != "extension" or located.chart.name != word:
            continue
        inside = f"{located.chart.path}/" if located.chart.path else ""
        for name, image in images.items():
            if any(r.file.startswith(inside) and r.how != "base" for r in image.node.references):
                yield name
                yield from (by_key[key] for key in image.node.names if key in by_key)
