"""Events of archives and of reading back, each with its lines."""

from __future__ import annotations

from edk.domain import archive_events as ev

DIGEST = "sha256:0123456789abcdef"
FAULT = ev.Fault("corrupt", "layer 2 of 3", DIGEST, 1234, "its bytes are others", ("rm /data/x", "edk build"))
GOLDEN: list[tuple[ev.ArchiveEvent, str]] = [
    (ev.TransferMoved("export", 1_000_000, 4_000_000), "export        moves     1.0 MB of 4.0 MB (25 %)"),
    (ev.TransferMoved("verify", 0, 0), "verify        moves     0 B of 0 B"),
    (
        ev.ImagePacked("otsus", ("r/otsus:1", "r/otsus:2"), DIGEST, 1, 5),
        "otsus         pack      r/otsus:1 (1 layer, 5 B, sha256:0123456789ab)\n"
        "otsus         pack      r/otsus:2 (1 layer, 5 B, sha256:0123456789ab)",
    ),
    (
        ev.ArchiveWritten("/out/images.tar", 2, 9, 5_000_000, 1.0),
        "archive       written   /out/images.tar (2 images, 9 blobs, 5.0 MB) in 1.00 s",
    ),
    (
        ev.ImageImported("otsus", ("localhost:32000/otsus:1",), DIGEST),
        "otsus         imported  localhost:32000/otsus:1 sha256:0123456789ab",
    ),
    (
        ev.ArchiveImported("/x.tar", "localhost:32000", 2, 1, 4, 9000, 1.0),
        "archive       imported  /x.tar into localhost:32000: 2 images, 1 blob sent, 4 there already, 9.0 kB in 1.00 s",
    ),
    (ev.VerifyStarted(("otsus",)), "verify        started   1 image"),
    (
        ev.ImageVerified("otsus", "ok", ("r/otsus:1",), (DIGEST,), 3, 9000),
        "otsus         ok        3 blobs, 9.0 kB, sha256:0123456789ab",
    ),
    (
        ev.ImageVerified("otsus", "corrupt", ("r/otsus:1",), (DIGEST,), 3, 9000, (FAULT,)),
        "otsus         CORRUPT   r/otsus:1\n"
        f"    layer 2 of 3 ({DIGEST} 1.2 kB): its bytes are others\n"
        "        → rm /data/x\n"
        "        → edk build",
    ),
    (
        ev.ImageVerified(
            "otsus", "missing", ("r/otsus:1",), (), 0, 0, (ev.Fault("missing", "tag 1", "", 0, "nothing", ()),)
        ),
        "otsus         MISSING   r/otsus:1\n    tag 1: nothing",
    ),
    (
        ev.VerifyFinished(1, 2, 1, 0, 0, 9, 5000, 1.0),
        "verify        finished  2 ok, 1 missing; 9 blobs, 5.0 kB read back in 1.00 s",
    ),
    (
        ev.VerifyFinished(0, 0, 0, 0, 0, 0, 0, 1.0),
        "verify        finished  no images; 0 blobs, 0 B read back in 1.00 s",
    ),
]
