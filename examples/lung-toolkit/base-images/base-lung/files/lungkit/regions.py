"""Connected regions in masks, and the lungs as regions of air inside the body. numpy only."""

import numpy as np

AIR_HU = -320


def label(mask):
    """Number the 6-connected regions of a mask 1, 2, … by falling size; 0 is outside. Gives (labels, sizes)."""
    owner = np.arange(mask.size).reshape(mask.shape)
    while True:
        before = owner.copy()
        for axis in range(mask.ndim):
            near, far = _neighbours(mask.ndim, axis)
            joined = mask[near] & mask[far]
            least = np.minimum(owner[near], owner[far])
            owner[near] = np.where(joined, least, owner[near])
            owner[far] = np.where(joined, np.minimum(least, owner[far]), owner[far])
        # An owner is itself a voxel with an owner: following it makes long, winding regions cheap.
        owner = owner.ravel()[owner]
        if np.array_equal(before, owner):
            break
    roots, where, sizes = np.unique(owner[mask], return_inverse=True, return_counts=True)
    rank = np.empty(len(roots), dtype=np.int32)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(1, len(roots) + 1)
    labels = np.zeros(mask.shape, dtype=np.int32)
    labels[mask] = rank[where.ravel()]
    return labels, np.sort(sizes)[::-1]


def fill_holes(mask):
    """Add to a mask the regions that it encloses on all sides."""
    labels, sizes = label(~mask)
    outside = np.isin(labels, _at_border(labels))
    return mask | ~outside


def lungs(hounsfield):
    """Find the lungs in a chest CT: air that does not reach the image's sides. Gives a mask.

    The windpipe and specks of air fall away: regions smaller than a tenth of the largest are left out.
    Raises ValueError if no air is enclosed.
    """
    if hounsfield.ndim != 3:
        raise ValueError(f"a chest CT has 3 axes, not {hounsfield.ndim}")
    labels, sizes = label(hounsfield < AIR_HU)
    sides = np.concatenate(
        [labels[0].ravel(), labels[-1].ravel(), labels[:, 0].ravel(), labels[:, -1].ravel()]
    )
    inside = [number for number in range(1, len(sizes) + 1) if number not in set(sides.tolist())]
    if not inside:
        raise ValueError("no air is enclosed by the body: these are not lungs")
    largest = sizes[inside[0] - 1]
    return np.isin(labels, [number for number in inside if sizes[number - 1] * 10 >= largest])


def _neighbours(axes, axis):
    near, far = [slice(None)] * axes, [slice(None)] * axes
    near[axis], far[axis] = slice(None, -1), slice(1, None)
    return tuple(near), tuple(far)


def _at_border(labels):
    faces = [np.take(labels, side, axis).ravel() for axis in range(labels.ndim) for side in (0, -1)]
    found = np.unique(np.concatenate(faces))
    return np.append(found[found > 0], 0)
