"""The disk of a real engine: only what carries a label of the test's own is ever removed."""

from __future__ import annotations

import io
import json
import tarfile
import time
import uuid

import pytest

from edk.adapters.cancellation import Cancel
from edk.adapters.engine import DockerEngineBuilder, DockerEngineDisk
from edk.adapters.engine.endpoint import find_endpoint
from edk.adapters.engine.wire import EngineWire
from edk.domain.requests import BuildRequest

pytestmark = pytest.mark.integration


def _context(dockerfile: bytes, data: bytes) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in (("Dockerfile", dockerfile), ("data", data)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def test_superseded_copies_go_and_the_present_one_stays(engine_endpoint: str, registry_host: str) -> None:
    """Built and pushed twice under one tag: the first one is left without a tag, and goes."""
    mark = uuid.uuid4().hex
    label = f"io.kaapana.edk.test={mark}"
    ref = f"{registry_host}/test-disk/{mark}:latest"
    dockerfile = b"FROM scratch\nCOPY data /\n"
    builder = DockerEngineBuilder(engine_endpoint)
    ids = []
    for text in (b"one", b"two"):
        request = BuildRequest(
            mark, ref, dockerfile, "Dockerfile", labels=(tuple(label.split("=")),), dockerfile_member="Dockerfile"  # type: ignore[arg-type]
        )
        built = builder.build(request, [_context(dockerfile, text + mark.encode())], lambda _: None, Cancel())
        builder.push(built, ref, lambda _: None, Cancel())
        ids.append(built.image_id)
    disk = DockerEngineDisk(engine_endpoint, label=label)
    later = time.time() + 60

    before = disk.copies(later)
    none_yet = disk.remove_copies(time.time() - 3600)
    gone = disk.remove_copies(later)

    assert (1, (0, 0), 1, (0, 0)) == (before[0], none_yet, gone[0], disk.copies(later))
    wire = EngineWire(find_endpoint(engine_endpoint, {}))
    assert [404, 200] == [wire.get(f"/images/{image_id}/json").status for image_id in ids]
    wire.post("/images/prune", {"filters": json.dumps({"dangling": ["false"], "label": [label]})})


def test_a_limit_that_is_not_reached_frees_nothing(engine_endpoint: str) -> None:
    """The cache has a size, and a limit far above it is understood by this engine."""
    disk = DockerEngineDisk(engine_endpoint)

    before = disk.cache_bytes()

    assert 0 <= before
    assert 0 == disk.prune_cache(1 << 60)
