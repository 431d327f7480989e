"""Records of builds as bytes in the state, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edk.domain.build_record import BuildRecord
    from edk.domain.plan import BuildPlan
    from edk.ports import Cache

MOST = 100_000
LOOKED_AT = 5
"""So many records for each image of a plan are looked at, the latest of all, to tell how long it takes."""


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

    from edk.domain.build_record import BuildRecord

    try:
        return msgspec.msgpack.decode(data, type=BuildRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def past_builds(cache: Cache) -> tuple[BuildRecord, ...]:
    """Return the builds that the state remembers, the latest first; what can't be read is left out."""
    return tuple(filter(None, map(decode_record, cache.builds(MOST))))


def expected_by(cache: Cache) -> Callable[[BuildPlan], Mapping[str, float]]:
    """Return what tells how long the builds of a plan will take, by the builds that the state remembers.

    The state is asked only where the order matters: where there is more than one build.
    """

    def expected(plan: BuildPlan) -> Mapping[str, float]:
        keys = [image.key for image in plan.images if image.action == "build"]
        if len(keys) < 2:
            return {}
        from edk.domain.expected import expected_seconds

        return expected_seconds(filter(None, map(decode_record, cache.builds(LOOKED_AT * len(plan.images)))), keys)

    return expected
