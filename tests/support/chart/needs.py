"""What tests of the chart can't do without."""

from __future__ import annotations

import os

import pytest

from tests.support.chart.rendering import helm_program


def need_helm() -> None:
    """Skip without helm; in CI it has to be there."""
    if helm_program() is not None:
        return
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail("helm is not installed", pytrace=False)
    pytest.skip("helm is not installed", allow_module_level=True)
