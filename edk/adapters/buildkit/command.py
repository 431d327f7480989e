"""What ``buildctl build`` is told, from a request.

The options of the Dockerfile frontend are those of BuildKit's ``frontend/dockerui/config.go``, the attributes of the
output those of its ``exporter/containerimage/exptypes/keys.go``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from edk.adapters.buildkit.staging import DOCKERFILE, Staged
from edk.domain.requests import BuildRequest, SessionOptions

GZIP_LEVEL = 1
"""Of layers of which nothing else is asked, instead of BuildKit's 6 (docs/benchmarks.md).

A layer of 200 MB is pushed in two thirds of the time, for four per cent more bytes in a registry that is near. Engines
of every age, containerd, and our own look into layers read gzip; zstd, which is as fast, not all of them do.
"""
_OCI_ONLY = frozenset({"zstd", "estargz"})
"""Compressions that Docker's own media types have no name for."""


def build_arguments(request: BuildRequest, staged: Staged, metadata: str) -> tuple[str, ...]:
    """Return the arguments behind ``buildctl``'s global options.

    Args:
        request: what is built; it is pushed as `BuildRequest.tag` by the same command.
        staged: its files.
        metadata: path of the file that gets the digest.
    """
    return (
        "build",
        "--progress=rawjson",
        "--frontend=dockerfile.v0",
        # The daemon keeps what it was sent last under a name, and is sent the difference. buildctl's sessions have no
        # key of their own, so that all targets would take "context" from each other. What stands before the colon is
        # put before that name (source/local/source.go); the session's number behind it is left to the daemon.
        f"--opt=local-sessionid:context={staged.key}:",
        f"--local={staged.key}-context={staged.context}",
        f"--local=dockerfile={staged.dockerfile}",
        *(f"--opt={name}={value}" for name, value in _options(request)),
        *_session(request.session),
        *(("--allow=network.host",) if request.network == "host" else ()),
        f"--output={_csv(_output(request))}",
        f"--metadata-file={metadata}",
    )


def _options(request: BuildRequest) -> Iterator[tuple[str, str]]:
    yield "filename", DOCKERFILE
    for name, value in request.build_args:
        yield f"build-arg:{name}", value
    for name, value in request.labels:
        yield f"label:{name}", value
    wanted = {
        "platform": request.platform,
        "target": request.target,
        "force-network-mode": "" if request.network == "default" else request.network,
        "image-resolve-mode": "pull" if request.pull else "",
    }
    yield from ((name, value) for name, value in wanted.items() if value)
    if request.no_cache:
        yield "no-cache", ""
    if "provenance" in request.session.attestations:
        yield "attest:provenance", "mode=max"
    if "sbom" in request.session.attestations:
        generator = request.session.sbom_generator
        yield "attest:sbom", f"generator={generator}" if generator else ""


def _session(session: SessionOptions) -> Iterator[str]:
    for name, path in session.secrets:
        yield f"--secret={_csv({'id': name, 'src': path})}"
    for agent in session.ssh:
        yield f"--ssh={agent}"
    if session.cache_ref:
        yield f"--import-cache={_csv({'type': 'registry', 'ref': session.cache_ref})}"
        export = {"type": "registry", "ref": session.cache_ref, "mode": "max", "image-manifest": "true"}
        # A cache that can't be kept is no reason to throw away an image.
        yield f"--export-cache={_csv({**export, 'oci-mediatypes': 'true', 'ignore-error': 'true'})}"


def _output(request: BuildRequest) -> dict[str, str]:
    session = request.session
    compression = session.compression or "gzip"
    level = GZIP_LEVEL if session.compression_level < 0 and compression == "gzip" else session.compression_level
    wanted = {
        "type": "image",
        "name": request.tag,
        "push": "true",
        "compression": compression,
        "compression-level": str(level) if level >= 0 else "",
        "oci-mediatypes": "true" if session.compression in _OCI_ONLY or session.attestations else "",
    }
    return {name: value for name, value in wanted.items() if value}


def _csv(fields: Mapping[str, str]) -> str:
    """Write attributes as ``buildctl`` reads them: one line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(f"{name}={value}" for name, value in fields.items())
    return line.getvalue()
