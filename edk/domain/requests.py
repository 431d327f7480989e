"""What an engine is asked to build, and what it answers: the vocabulary of the `ImageBuilder` port."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

DOCKERFILE_MEMBER = ".edk.Dockerfile"
"""Name of the Dockerfile within the streamed context, unless it goes in the place of the user's own."""


BUILDKIT = "BuildKit"
"""Name of a daemon that is no Docker Engine."""


class EngineInfo(Struct, frozen=True):
    """An engine that answered.

    Args:
        name: e.g. ``Docker Engine``, ``Podman``, ``BuildKit``.
        version: its own.
        endpoint: address it was reached at.
        buildkit: whether builds go through BuildKit.
        containerd_store: whether it keeps images in containerd's store.
        platform: its own, e.g. ``linux/amd64``.
        root_dir: where it keeps its data; empty if it does not say.
        away: of several machines, those that do not answer.
    """

    name: str
    version: str
    endpoint: str
    buildkit: bool
    containerd_store: bool
    platform: str
    root_dir: str = ""
    away: tuple[str, ...] = ()


class SessionOptions(Struct, frozen=True):
    """What BuildKit does by itself, and an engine's API does not.

    Args:
        secrets: id and file of each secret that RUN steps may mount.
        ssh: agents or keys that RUN steps may mount, e.g. ``default`` or ``default=/run/agent.sock``.
        cache_ref: repository with a tag where the build cache is kept; empty: nowhere but in the daemon.
        attestations: ``provenance``, ``sbom``: made by BuildKit, kept in the image's own index.
        sbom_generator: image that makes the bill of materials.
        compression: of new layers: ``gzip``, ``zstd``, ``estargz``, ``uncompressed``; empty: BuildKit's own choice.
        compression_level: of it; -1: the usual one.
    """

    secrets: tuple[tuple[str, str], ...] = ()
    ssh: tuple[str, ...] = ()
    cache_ref: str = ""
    attestations: tuple[str, ...] = ()
    sbom_generator: str = ""
    compression: str = ""
    compression_level: int = -1


NO_SESSION = SessionOptions()


class BuildRequest(Struct, frozen=True):
    """One image to build.

    Args:
        name: of the target, for messages.
        tag: a ref for the engine's own store, e.g. ``localhost:32000/x:0.6.0``.
        dockerfile: content as it is sent, FROMs already rewritten.
        dockerfile_path: where the user has it, for messages.
        features: of the reading, what the classic builder can't do.
        build_args: names and values.
        labels: to put into the image.
        platform: e.g. ``linux/amd64``; empty: the engine's own.
        network: of RUN steps; empty: the engine's default.
        no_cache: build every step anew.
        pull: look for newer bases.
        target: stage to build; empty: the last.
        dockerfile_member: name of the first member of the streamed context, which holds the Dockerfile.
        session: what only a builder with a session of its own can do; empty where nothing of it is asked for.
        urgency: length of the longest path of builds that wait for it, for who has to choose between builds.
    """

    name: str
    tag: str
    dockerfile: bytes
    dockerfile_path: str
    features: tuple[str, ...] = ()
    build_args: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    platform: str = ""
    network: str = ""
    no_cache: bool = False
    pull: bool = False
    target: str = ""
    dockerfile_member: str = DOCKERFILE_MEMBER
    session: SessionOptions = NO_SESSION
    urgency: float = 0.0


class StepProgress(Struct, frozen=True):
    """A step of a build moved.

    Args:
        step: identity within the build.
        phase: ``started``, ``cached`` (done, from the cache), ``finished``, ``failed``, ``log``, ``warning``.
        title: e.g. ``[2/3] RUN pip install x``; for ``log`` and ``warning`` the text, one line.
        line: of the instruction in the Dockerfile, from 1; 0 if not known.
        number: n of m within its stage, 0 if not known.
        total: m of n.
        stream: ``out`` or ``err`` of a log line.
        seconds: how long it took, of ``finished``.
    """

    step: str
    phase: Literal["started", "cached", "finished", "failed", "log", "warning"]
    title: str
    line: int = 0
    number: int = 0
    total: int = 0
    stream: Literal["", "out", "err"] = ""
    seconds: float = 0.0


class Placement(Struct, frozen=True):
    """Where a build goes on, told by a builder of several machines.

    Args:
        worker: its name, e.g. ``10.0.0.7:1234``; empty while it waits for one.
        reason: why there, or what it waits for; empty if there is nothing to say.
    """

    worker: str
    reason: str = ""


class PushProgress(Struct, frozen=True):
    """Bytes of one layer that were pushed; `status` as the engine words it."""

    layer: str
    status: str
    current: int = 0
    total: int = 0


class BuiltImage(Struct, frozen=True):
    """An image in the engine's store, or pushed.

    Args:
        image_id: digest of its configuration or manifest.
        steps: of its Dockerfile, without FROM.
        cached_steps: how many of them were cached.
        digest: of the manifest that was pushed as `BuildRequest.tag` while it was built; empty if it was not.
        worker: that built it, where there are several; empty otherwise.
    """

    image_id: str
    steps: int
    cached_steps: int
    digest: str = ""
    worker: str = ""


class ManifestInfo(Struct, frozen=True):
    """What a registry says of a reference: the digest of its manifest, and its kind."""

    digest: str
    media_type: str
    size: int
