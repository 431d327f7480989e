"""`edk images`: what the local registry holds, and what makes an image big."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import Any

from edk.commands.surveying import LazyDisk, own_registry, settings_and_asked, sink_for, with_cluster_uses
from edk.commands.wiring import Wired
from edk.domain.catalogue import Catalogue, Listed
from edk.domain.errors import EXIT_DONE, UsageError
from edk.domain.reference import InvalidReferenceError, RegistryAliases, parse_reference, split_local
from edk.orchestrator.catalogue import look, look_only
from edk.settings import Settings


def run(options: argparse.Namespace) -> int:
    """Print the list, or the layers of one image; changes nothing."""
    settings, asked = settings_and_asked(options)
    if options.layers is not None and options.unused:
        raise UsageError("--layers and --unused ask for different things", "leave one of them out")
    with Wired(settings, sink_for(options, settings), "edk images") as services:
        if options.layers is not None:
            looked = look_only(services, own_registry(services), None)
        else:
            asked = with_cluster_uses(services, asked)
            looked, surveyed = look(services, own_registry(services), LazyDisk(settings), asked)
    found = looked.found
    if options.layers is not None:
        from edk.domain.layering import layerings
        from edk.ui.images_json import layers_as_json
        from edk.ui.images_text import layer_lines
        from edk.ui.width import width_of_stdout

        image = named_image(options.layers, found, settings)
        made = layerings(image, found, looked.described)
        if options.json:
            return _print_json(layers_as_json(image, made, settings.registry))
        return _print(layer_lines(image, made, columns=width_of_stdout()))
    if options.json:
        from edk.ui.images_json import images_as_json

        hosts = (settings.registry, settings.push_host)
        return _print_json(images_as_json(found, *hosts, unused=options.unused, judged=True))
    from edk.ui.images_text import image_lines

    return _print(image_lines(found, surveyed, unused=options.unused))


def named_image(name: str, found: Catalogue, settings: Settings) -> Listed:
    """Return the image that a text names, with or without a registry, tag or digest; raise UsageError."""
    local = split_local(name, RegistryAliases.of(settings.registry, settings.push_host, settings.platform_registry))
    if local is not None:
        repository, tag, digest = local.name, local.tag, local.digest
    else:
        # A digest may be cut short, as the list shows it.
        plain, _, digest = name.partition("@")
        try:
            ref = parse_reference(plain)
        except InvalidReferenceError as error:
            raise UsageError(error.message, "write its name as edk images shows it, with :TAG or @DIGEST") from error
        repository, tag = ref.untagged, ref.tag
    image = found.find(repository, tag, digest)
    if image is not None:
        return image
    from difflib import get_close_matches

    known = sorted({each.held.repository for each in found.images})
    if repository in known:
        tags = sorted({tag for each in found.images if each.held.repository == repository for tag in each.held.tags})
        there = f"it has {', '.join(tags[:10])}" if tags else "it has no tags; edk images shows the digests"
        raise UsageError(f"{repository} has no image {tag or digest}", there)
    near = get_close_matches(repository, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "edk images lists what there is"
    raise UsageError(f"the registry {settings.push_host} holds no image {repository!r}", hint)


def _print(lines: Iterable[str]) -> int:
    for line in lines:
        print(line)  # noqa: T201
    return EXIT_DONE


def _print_json(value: dict[str, Any]) -> int:
    from edk.domain.encoding import to_json

    sys.stdout.write(to_json(value).decode() + "\n")
    return EXIT_DONE
