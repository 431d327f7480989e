"""The options that bring things to the platform."""

from __future__ import annotations

import argparse


def add_install_option(command: argparse.ArgumentParser) -> None:
    """Add ``--install``."""
    command.add_argument(
        "--install",
        nargs="?",
        const="installed",
        default="no",
        choices=["installed", "always"],
        help="upload the chart, and re-install it where it is installed and has changed; --install=always also "
        "installs one that is not installed",
    )


def add_import_images_option(command: argparse.ArgumentParser) -> None:
    """Add ``--import-images``."""
    command.add_argument(
        "--import-images",
        action="store_true",
        help="have the platform import the images that were built, or that it lacks, as archives through VOLUME_PATH",
    )
