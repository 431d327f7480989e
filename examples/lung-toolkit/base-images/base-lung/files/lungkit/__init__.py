"""What the programs of the lung toolkit share: images, batches, regions, a phantom, pictures."""
