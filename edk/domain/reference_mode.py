"""What images that are built here are named by in what is shipped; by itself, so that the command line starts fast."""

from __future__ import annotations

from typing import Literal

ReferenceMode = Literal["digest", "tag", "as-written"]
