"""Writes a report on every segmentation of a batch: one HTML file with its figures and its histogram."""

import html
import json
import math
import sys
from pathlib import Path

import batch

WIDTH, HEIGHT, MARGIN = 640, 240, 24
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:sans-serif;margin:2em}}th{{text-align:left;padding-right:2em}}</style></head>
<body><h1>{title}</h1><table>{rows}</table><h2>Grey values</h2>{chart}
<p>The height of a bar is logarithmic. Voxels right of the dashed line are the object.</p></body></html>
"""


def segmentations(folder):
    """List the findings that the segmentation left in a folder, sorted by name."""
    return sorted(folder.glob("*.otsu.json"))


def chart(histogram, threshold):
    """Draw a histogram as SVG, with the threshold as a dashed line."""
    counts, edges = histogram["counts"], histogram["edges"]
    low, span = edges[0], edges[-1] - edges[0]
    tallest = math.log1p(max(counts))
    bars = []
    for count, left, right in zip(counts, edges, edges[1:]):
        tall = HEIGHT * math.log1p(count) / tallest
        bars.append(
            f'<rect x="{WIDTH * (left - low) / span:.2f}" y="{HEIGHT - tall:.2f}"'
            f' width="{WIDTH * (right - left) / span:.2f}" height="{tall:.2f}"'
            f' fill="{"#2a6f97" if (left + right) / 2 >= threshold else "#adb5bd"}"/>'
        )
    at = WIDTH * (threshold - low) / span
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + MARGIN}" width="{WIDTH}">'
        + "".join(bars)
        + f'<line x1="{at:.2f}" x2="{at:.2f}" y1="0" y2="{HEIGHT}" stroke="#c1121f" stroke-dasharray="4"/>'
        + f'<text x="0" y="{HEIGHT + 16}" font-size="12">{edges[0]:g}</text>'
        + f'<text x="{WIDTH}" y="{HEIGHT + 16}" font-size="12" text-anchor="end">{edges[-1]:g}</text></svg>'
    )


def page(findings):
    """Write the report on one image as HTML."""
    rows = {
        "Threshold": f"{findings['threshold']:g}",
        "Object": f"{findings['object_voxels']} of {findings['voxels']} voxels",
        "Volume": f"{findings['object_ml']:.2f} ml",
        "Size": " × ".join(str(length) for length in findings["shape"]),
        "Voxel": " × ".join(f"{edge:g}" for edge in findings["spacing_mm"]) + " mm",
    }
    return PAGE.format(
        title=html.escape(f"Otsu's method: {findings['image']}"),
        rows="".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in rows.items()),
        chart=chart(findings["histogram"], findings["threshold"]),
    )


def report_file(path, target):
    """Write the report on one segmentation into a folder, and say where."""
    path = Path(path)
    try:
        findings = json.loads(path.read_text(encoding="utf-8"))
        text = page(findings)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not the findings of a segmentation: {error!r}") from error
    # The element's name keeps the reports of a batch apart once they lie in one folder.
    name = path.name.removesuffix(".otsu.json")
    report = Path(target) / f"otsus-report-{path.parent.parent.name}-{name}.html"
    report.write_text(text, encoding="utf-8")
    return f"report {report.name}"


if __name__ == "__main__":
    sys.exit(batch.run(report_file, segmentations))
