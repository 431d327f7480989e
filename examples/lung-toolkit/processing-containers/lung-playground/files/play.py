"""Prints what the toolkit finds in phantoms of growing noise."""

from lungkit import phantom, regions

for noise in (0, 20, 50, 100, 200):
    made = phantom.chest(noise=noise)
    found = regions.fill_holes(regions.lungs(made.hounsfield))
    overlap = 2 * (found & made.lungs).sum() / (found.sum() + made.lungs.sum())
    print(f"noise {noise:3} HU: Dice {overlap:.4f}")
