"""Where the volumes of pods are: claims as folders that outlive them, everything else as long as the pod."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.pod.engine import Bind, PodEngine
from tests.support.pod.environment import Surroundings, files
from tests.support.pod.errors import NotKnownError
from tests.support.pod.spec import ContainerSpec, PodSpec, Volume


@dataclass
class Storage:
    """The volumes of one set of pods.

    Args:
        folder: where they are.
        small: sizes in bytes, by claim, of those that shall be no folder but a volume in memory; lost with their pod.
    """

    engine: PodEngine
    folder: Path
    small: Mapping[str, int]

    def mounted(self, pod: PodSpec, name: str, around: Surroundings) -> dict[str, Bind]:
        """Make the volumes of a pod, without what belongs to its group yet; by name, at a place below ``/volumes``."""
        made = {}
        for volume in pod.volumes.values():
            made[volume.name] = self._made(volume, pod, name, around)
        return made

    def in_memory(self, volume: Volume) -> bool:
        """Whether a volume is no folder."""
        return volume.kind == "memory" or volume.claim in self.small

    def memory(self, volume: Volume, name: str) -> str:
        """Make a volume in memory of the pod with this name, or find it there; return what the engine calls it."""
        if volume.kind == "memory":
            return self.engine.memory_volume(f"{name}-{volume.name}", volume.size)
        return self.engine.memory_volume(f"claim-{volume.claim}", self.small[volume.claim])

    def _made(self, volume: Volume, pod: PodSpec, name: str, around: Surroundings) -> Bind:
        place = f"/volumes/{volume.name}"
        if self.in_memory(volume):
            return Bind(self.memory(volume, name), place, volume=True)
        if volume.kind == "claim":
            folder = self.folder / "claims" / pod.namespace / volume.claim
        else:
            folder = self.folder / "pods" / name / volume.name
        folder.mkdir(parents=True, exist_ok=True)
        if volume.kind == "files":
            _write(folder, volume, around)
        return Bind(str(folder), place, read_only=False)

    def prepare(self, pod: PodSpec, name: str, volumes: Mapping[str, Bind]) -> None:
        """Give the volumes to the pod's group, and make the folders that mounts name by subPath."""
        wanted: list[dict[str, Any]] = []
        for volume in pod.volumes.values():
            mounts = [mount for one in (*pod.initial, *pod.containers) for mount in one.mounts]
            sub_paths = {mount.sub_path for mount in mounts if mount.volume == volume.name and mount.sub_path}
            wanted.append(
                {
                    "path": volumes[volume.name].target,
                    "kind": volume.kind,
                    "group": pod.fs_group,
                    "once": pod.fs_group_once and volume.kind == "claim",
                    "read_only": volume.read_only,
                    "sub_paths": [] if volume.kind == "files" else sorted(sub_paths),
                }
            )
        if wanted:
            self.engine.prepare(name, json.dumps(wanted), list(volumes.values()))

    def binds(self, spec: ContainerSpec, pod: PodSpec, volumes: Mapping[str, Bind]) -> list[Bind]:
        """Return what a container mounts, outer places first."""
        made = []
        for mount in sorted(spec.mounts, key=lambda one: one.path):
            volume, known = volumes[mount.volume], pod.volumes[mount.volume]
            source = volume.source
            if mount.sub_path:
                if volume.volume:
                    raise NotKnownError(f"{pod.owner}: {spec.name}: subPath of a volume in memory")
                inner = Path(source, mount.sub_path)
                source = str(inner.resolve() if known.kind == "files" else inner)
            made.append(Bind(source, mount.path, mount.read_only or known.read_only, volume.volume))
        return made

    def remove(self, name: str = "") -> None:
        """Remove what belonged to one pod, or everything."""
        folder = self.folder / "pods" / name if name else self.folder
        if folder.is_dir():
            # Files belong to users of containers, whom this user may not speak for.
            self.engine.prepare(f"remove-{name}", "remove", [Bind(str(folder), "/volumes")], "/volumes")
            folder.rmdir()


def _write(folder: Path, volume: Volume, around: Surroundings) -> None:
    """Write files as a kubelet does: in a folder behind a link, so that all change at once."""
    data = folder / "..1"
    data.mkdir(exist_ok=True)
    (folder / "..data").symlink_to("..1")
    for path, content, mode in files(volume, around):
        place = data / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(mode)
        top = folder / Path(path).parts[0]
        if not top.is_symlink():
            top.symlink_to(Path("..data", Path(path).parts[0]))
