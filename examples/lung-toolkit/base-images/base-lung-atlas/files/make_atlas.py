"""Makes the atlas of the lobes: a cube of numbers that is stretched over the box around both lungs.

1 and 2 are the upper and lower lobe at low x, 3, 4 and 5 the upper, middle and lower lobe at high x. The
borders are planes inclined as the fissures are, which is enough for an example.
"""

import sys

import numpy as np


def atlas(size=32):
    """Give the cube; axes x, y, z, z rising to the head."""
    x, y, z = np.meshgrid(*[(np.arange(size) + 0.5) / size] * 3, indexing="ij")
    oblique = z - 0.45 > 0.5 * (y - 0.5)
    horizontal = z > 0.62
    low_x = np.where(oblique, 1, 2)
    high_x = np.where(~oblique, 5, np.where(horizontal, 3, 4))
    return np.where(x < 0.5, low_x, high_x).astype(np.uint8)


if __name__ == "__main__":
    np.save(sys.argv[1], atlas())
