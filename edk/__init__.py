"""EDK: builds Kaapana workflow extensions, from a folder to images in a registry and a chart."""

__version__ = "0.1.0"
