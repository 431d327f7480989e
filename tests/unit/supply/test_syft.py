"""syft as a program that may be missing, fail, hang or talk nonsense."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from edk.adapters.syft import Syft
from edk.domain.errors import InfrastructureError, UsageError


def syft(folder: Path, script: str, timeout: float = 20.0) -> Syft:
    """A stand-in for the program."""
    program = folder / "syft"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    environ = {"PATH": f"{folder}:{os.environ['PATH']}", "SYFT_CONFIG": "/theirs", "MY_TOKEN": "s3cret", "HOME": "/h"}
    return Syft("localhost:32000", timeout=timeout, environ=environ)


def test_it_is_run_on_the_image_in_the_registry(tmp_path: Path) -> None:
    """By its digest, over plain HTTP, in an empty folder, with none of the environment that is not its business."""
    made = syft(tmp_path, 'env > "$0.env"; echo "$@" > "$0.args"; ls -A > "$0.ls"; echo \'{"b":1, "a":"ü"}\'')

    assert '{"a":"ü","b":1}'.encode() == made.bill("x", "sha256:1")
    given = (tmp_path / "syft.args").read_text().strip()
    assert "scan --quiet --output cyclonedx-json registry:localhost:32000/x@sha256:1" == given
    environ = dict(line.split("=", 1) for line in (tmp_path / "syft.env").read_text().splitlines())
    assert ("true", "false") == (environ["SYFT_REGISTRY_INSECURE_USE_HTTP"], environ["SYFT_CHECK_FOR_APP_UPDATE"])
    assert not {"SYFT_CONFIG", "MY_TOKEN"} & environ.keys()
    assert "" == (tmp_path / "syft.ls").read_text()


def test_where_it_is_missing_the_way_to_get_it_is_told(tmp_path: Path) -> None:
    """As wrong use: somebody asked for what this machine does not have."""
    missing = Syft("localhost:32000", environ={"PATH": str(tmp_path)})

    for ask in (missing.check, lambda: missing.bill("x", "sha256:1")):
        with pytest.raises(UsageError) as raised:
            ask()
        assert "go install github.com/anchore/syft/cmd/syft@" in raised.value.hint


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo one >&2; echo 'two words' >&2; exit 1", "syft failed: two words"),
        ("exit 3", "syft failed: it exited with 3"),
        ("echo nonsense", "syft gave no JSON for x"),
    ],
)
def test_what_goes_wrong_is_told_in_its_last_words(tmp_path: Path, script: str, message: str) -> None:
    """A failure of this program may pass by itself."""
    with pytest.raises(InfrastructureError) as raised:
        syft(tmp_path, script).bill("x", "sha256:1")
    assert message == raised.value.message


def test_it_is_ended_when_it_hangs(tmp_path: Path) -> None:
    """With all that it has started."""
    hanging = syft(tmp_path, 'sleep 60 & echo $! > "$0.pid"; wait', timeout=0.5)

    with pytest.raises(InfrastructureError, match=r"did not end within 0\.5 seconds"):
        hanging.bill("x", "sha256:1")
    child = int((tmp_path / "syft.pid").read_text())
    until = time.monotonic() + 5
    while _runs(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _runs(child)


def test_a_program_that_can_not_be_run_is_told(tmp_path: Path) -> None:
    """For example one of another machine."""
    broken = syft(tmp_path, "")
    (tmp_path / "syft").write_bytes(b"\x7fELF nonsense")

    with pytest.raises(UsageError, match="can't be run"):
        broken.bill("x", "sha256:1")


def _runs(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_json_stays_json(tmp_path: Path) -> None:
    """Keys in order, so that the same bill is the same bytes."""
    made = syft(tmp_path, "echo '{\"z\":{\"b\":1,\"a\":[2,1]}}'")

    assert {"z": {"a": [2, 1], "b": 1}} == json.loads(made.bill("x", "sha256:1"))
