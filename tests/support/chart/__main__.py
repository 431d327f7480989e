"""What scripts/chart.sh calls: ``descriptions`` or ``golden``."""

from __future__ import annotations

import sys

from tests.support.chart import golden
from tests.support.chart.comments import SCHEMA_JSON, described_schema
from tests.support.chart.rendering import helm_program

if sys.argv[1:] == ["descriptions"]:
    SCHEMA_JSON.write_text(described_schema())
elif sys.argv[1:] == ["golden"]:
    if helm_program() is None:
        sys.exit("chart: error: helm is not installed; scripts/test.sh installs it")
    golden.renew()
else:
    sys.exit(__doc__)
