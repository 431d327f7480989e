"""A chest of simple bodies, with a known answer to every question the toolkit asks."""

from dataclasses import dataclass

import numpy as np

AIR, TISSUE, LUNG, EMPHYSEMA, NODULE = -1000, 40, -850, -980, 60


@dataclass(frozen=True)
class Phantom:
    """A chest in Hounsfield units and the masks it was made from; axes x, y, z."""

    hounsfield: np.ndarray
    lungs: np.ndarray
    nodules: np.ndarray
    emphysema: np.ndarray


def chest(size=48, nodules=2, noise=10.0, seed=0):
    """Make a chest of size³ voxels with two lungs, so many nodules (at most 4) and an emphysema on the left."""
    x, y, z = np.meshgrid(*[np.linspace(-1, 1, size)] * 3, indexing="ij")
    body = (x / 0.92) ** 2 + (y / 0.75) ** 2 <= 1
    lungs = _ball(x, y, z, (-0.42, 0, 0), (0.32, 0.5, 0.8)) | _ball(x, y, z, (0.42, 0, 0), (0.32, 0.5, 0.8))
    emphysema = lungs & (x < 0) & (z > 0.35)
    spots = np.zeros_like(lungs)
    for centre in [(0.42, 0.1, -0.2), (-0.42, -0.1, -0.3), (0.42, -0.15, 0.3), (-0.42, 0.15, 0.0)][:nodules]:
        spots |= _ball(x, y, z, centre, (0.12, 0.12, 0.12))
    spots &= lungs
    values = np.where(body, TISSUE, AIR)
    values = np.where(lungs, LUNG, values)
    values = np.where(emphysema, EMPHYSEMA, values)
    values = np.where(spots, NODULE, values)
    shaken = values + np.random.default_rng(seed).normal(0, noise, values.shape)
    return Phantom(np.rint(shaken).astype(np.int16), lungs, spots, emphysema & ~spots)


def _ball(x, y, z, centre, radii):
    return sum(((axis - at) / radius) ** 2 for axis, at, radius in zip((x, y, z), centre, radii)) <= 1
