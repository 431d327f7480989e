"""The engine by its own command line, without us: `docker build` and `docker push`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Run, run


@dataclass(frozen=True, slots=True)
class BareEngine:
    """A docker command that can build here.

    Args:
        program: its path.
        buildkit: whether it builds with BuildKit; newer ones need a plug-in for that.
    """

    program: Path
    buildkit: bool

    @property
    def name(self) -> str:
        """What a table calls it."""
        return f"docker build and docker push ({'BuildKit' if self.buildkit else 'classic builder'})"

    def build(self, env: Mapping[str, str], contexts: Sequence[tuple[Path, str]], *, push: bool = True) -> Run:
        """Build folders one behind the other, each under its reference, and push them; return the sum."""
        env = {**env, "DOCKER_BUILDKIT": "1" if self.buildkit else "0"}
        runs = []
        for folder, ref in contexts:
            runs.append(run((self.program, "build", "--tag", ref, folder), env))
            if push:
                runs.append(run((self.program, "push", ref), env))
        return Run(sum(r.seconds for r in runs), max(r.peak_bytes for r in runs))


def find(env: Mapping[str, str], probe: Path) -> BareEngine | None:
    """Return the best docker command on PATH: one that builds a probe with BuildKit, else one that builds it at all."""
    programs = [Path(folder) / "docker" for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for buildkit in (True, False):
        for program in programs:
            if program.is_file() and _builds(program, {**env, "DOCKER_BUILDKIT": str(int(buildkit))}, probe):
                return BareEngine(program, buildkit)
    return None


def _builds(program: Path, env: Mapping[str, str], probe: Path) -> bool:
    done = subprocess.run((program, "build", "--quiet", probe), env=dict(env), check=False, capture_output=True)
    return done.returncode == 0
