"""Records of builds as bytes in the state, and back."""

from __future__ import annotations

from edk.domain.build_record import BuildRecord
from edk.ports import Cache

MOST = 100_000


def encode_record(record: BuildRecord) -> bytes:
    """Return a record as bytes."""
    import msgspec

    from edk.domain.encoding import encodable

    try:
        return msgspec.msgpack.encode(record)
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(encodable(msgspec.to_builtins(record)))


def decode_record(data: bytes) -> BuildRecord | None:
    """Return the record that was encoded, by this or another version of the EDK; None if it can't be read."""
    import msgspec

    try:
        return msgspec.msgpack.decode(data, type=BuildRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def past_builds(cache: Cache) -> tuple[BuildRecord, ...]:
    """Return the builds that the state remembers, the latest first; what can't be read is left out."""
    return tuple(filter(None, map(decode_record, cache.builds(MOST))))
