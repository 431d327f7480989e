"""Pushes of ours as facts."""

from __future__ import annotations

from edk.domain.held import Push


def push_key(registry: str, repository: str, digest: str) -> bytes:
    """Return the key of a push."""
    return f"{registry}/{repository}@{digest}".encode("utf-8", "surrogateescape")


def encode_push(push: Push) -> bytes:
    """Return a push as bytes."""
    import msgspec

    return msgspec.msgpack.encode(push)


def decode_push(value: bytes) -> Push | None:
    """Return the push that was encoded; None if another version of the EDK wrote it."""
    import msgspec

    try:
        return msgspec.msgpack.decode(value, type=Push)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
