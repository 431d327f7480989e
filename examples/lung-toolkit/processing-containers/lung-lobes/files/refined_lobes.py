"""Divides lung masks as lobes.py does, then moves the borders to the nearest centre (k-means).

The distances are computed on the graphics card where there is one.
"""

import sys

from accelerated import to_numpy, xp
from lobes import by_atlas, divide_file, masks
from lungkit import batch

ROUNDS = 5


def refined(mask, atlas):
    """Give each voxel of a mask the number of the lobe whose centre is nearest, after some rounds."""
    lobes = by_atlas(mask, atlas)
    places = xp.argwhere(xp.asarray(mask)).astype(xp.float32)
    numbers = xp.asarray(lobes)[xp.asarray(mask)]
    present = [number for number in range(1, 6) if bool((numbers == number).any())]
    for _ in range(ROUNDS):
        centres = xp.stack([places[numbers == number].mean(axis=0) for number in present])
        distances = xp.stack([((places - centre) ** 2).sum(axis=1) for centre in centres])
        numbers = xp.asarray(present, dtype=xp.uint8)[distances.argmin(axis=0)]
        present = [number for number in present if bool((numbers == number).any())]
    lobes[mask] = to_numpy(numbers)
    return lobes


if __name__ == "__main__":
    print(f"computing with {xp.__name__}", flush=True)
    sys.exit(batch.run(lambda path, target: divide_file(path, target, refined), masks))
