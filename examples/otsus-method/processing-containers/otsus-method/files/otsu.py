"""Otsu's threshold: the grey value that splits an image into its two most distinct classes.

N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on Systems, Man, and
Cybernetics 9 (1979): of all thresholds, take the one with the largest variance between the classes.
"""

from dataclasses import dataclass

import numpy as np

EXACT_LEVELS = 65536
BINS = 1024


class NoThresholdError(ValueError):
    """An image has no two grey values that a threshold could separate."""


@dataclass(frozen=True)
class Histogram:
    """How often each interval of grey values occurs: len(edges) == len(counts) + 1."""

    counts: np.ndarray
    edges: np.ndarray


def histogram_of(voxels):
    """Count grey values: one bin a value for integers of up to 65,536 levels, else 1,024 equal bins.

    Voxels that are not finite are left out. Raises NoThresholdError for fewer than two grey values.
    """
    values = voxels.ravel()
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if values.size == 0:
        raise NoThresholdError("the image has no finite voxel")
    low, high = values.min().item(), values.max().item()
    if low == high:
        raise NoThresholdError(f"every voxel has the grey value {low}")
    if values.dtype.kind in "iu" and high - low < EXACT_LEVELS:
        # Unsigned values never pass below zero here; signed ones might not fit their own type.
        level = values - values.min() if values.dtype.kind == "u" else values.astype(np.int64) - low
        return Histogram(np.bincount(level.astype(np.int64)), np.arange(low, high + 2) - 0.5)
    counts, edges = np.histogram(values, bins=BINS, range=(low, high))
    return Histogram(counts, edges)


def otsu_threshold(histogram):
    """Give the threshold: voxels at or above it are the object, those below it the background.

    Where a range of thresholds is equally good (no voxel has a value in between), its middle is taken.
    """
    counts = histogram.counts.astype(np.float64)
    centres = (histogram.edges[:-1] + histogram.edges[1:]) / 2
    share = np.cumsum(counts)[:-1] / counts.sum()
    partial_mean = np.cumsum(counts * centres)[:-1] / counts.sum()
    mean = (counts * centres).sum() / counts.sum()
    between = (mean * share - partial_mean) ** 2 / (share * (1 - share))
    best = int(np.argmax(between))
    first, last = best, best
    while first > 0 and histogram.counts[first] == 0:
        first -= 1
    while histogram.counts[last + 1] == 0:
        last += 1
    return float((histogram.edges[first + 1] + histogram.edges[last + 1]) / 2)


def segment(voxels, threshold):
    """Mark the object: 1 at or above the threshold, 0 below it and where a voxel is not a number."""
    return (voxels >= threshold).astype(np.uint8)
