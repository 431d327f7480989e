"""Arrays on the graphics card where there is one, else numpy: `from accelerated import xp, to_numpy`."""

try:
    import cupy as xp

    xp.zeros(1)  # fails where the library is there and the card is not
    to_numpy = xp.asnumpy
except Exception:  # cupy raises errors of its own for a missing driver
    import numpy as xp

    to_numpy = xp.asarray
