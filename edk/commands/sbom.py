"""`edk sbom`: what an image in the registry consists of."""

from __future__ import annotations

import argparse
import sys

from edk.commands.notices import Notices
from edk.commands.wiring import Wired, settings_of
from edk.domain.errors import EXIT_DONE


def run(options: argparse.Namespace) -> int:
    """Print the bill of materials of an image, made now if there is none."""
    from edk.orchestrator.documents import attach_document, document_of, made_bill, standing_image
    from edk.orchestrator.provenance import SBOM

    with Wired(settings_of(options), Notices(), "edk sbom") as services:
        image = standing_image(services, options.image)
        content = document_of(services, image, SBOM)
        if content is None:
            content = made_bill(services, image)
        if options.attest:
            attach_document(services, image, SBOM, content)
    sys.stdout.write(content.decode("utf-8", "replace") + "\n")
    return EXIT_DONE
