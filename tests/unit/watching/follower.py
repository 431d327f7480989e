"""A process of its own that follows roots; says on each line of its input how its view differs from the truth."""

from __future__ import annotations

import json
import sys

from edk.adapters.watching.watcher import WatchdogWatcher
from tests.unit.watching.mirror import Mirror


def main(roots: list[str]) -> None:
    """Answer each line with JSON: what differs, the re-scans worth a line, how many reports, and the report."""
    with Mirror(roots, WatchdogWatcher(poll_interval=0.2, look_every=0.2)) as mirror:
        print("ready", flush=True)
        for _ in sys.stdin:
            difference = mirror.difference(20)
            report = mirror.watcher.report()
            answer = {
                "difference": sorted(map(ascii, difference)),
                "rescans": [event.reason for event in mirror.rescans()],
                "modes": [root.mode for root in report.roots],
                "watched": [root.watched for root in report.roots],
                "present": [root.present for root in report.roots],
                "limit": report.max_watches,
            }
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
