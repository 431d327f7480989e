"""Gathers what the other operators found into one HTML page for each batch element.

REPORT_DIRS names the operators' folders, separated by commas: their .json files become rows, their .png
files pictures.
"""

import base64
import html
import json
import os
import sys
from pathlib import Path

from lungkit import batch

PAGE = os.environ.get("LUNG_PAGE", "/kaapana/app/page.html")


def folders(source):
    """Give the element's folder, once, if any of the folders to report on is there."""
    element = source.parent
    return [element] if any((element / name).is_dir() for name in _names()) else []


def report(element, target):
    """Write the page on one element, and say how much is on it."""
    rows, pictures = [], []
    for name in _names():
        for path in sorted((element / name).glob("*.json")):
            rows += [
                f"<tr><th>{html.escape(key)}</th><td>{html.escape(str(value))}</td></tr>"
                for key, value in json.loads(path.read_text()).items()
            ]
        for path in sorted((element / name).glob("*.png")):
            coded = base64.b64encode(path.read_bytes()).decode()
            pictures.append(f'<img alt="{html.escape(path.stem)}" src="data:image/png;base64,{coded}">')
    page = Path(PAGE).read_text().replace("@TITLE@", html.escape(f"Lungs: {element.name}"))
    page = page.replace("@ROWS@", "".join(rows)).replace("@PICTURES@", "".join(pictures))
    (target / f"lung-report-{element.name}.html").write_text(page)
    return f"{len(rows)} figures, {len(pictures)} pictures"


def _names():
    return [name for name in os.environ.get("REPORT_DIRS", "lung-volume").split(",") if name]


if __name__ == "__main__":
    sys.exit(batch.run(report, folders))
