"""Events as lines: what each looks like, and that nothing printed can do harm."""

from __future__ import annotations

import io
from typing import get_args

import pytest

from edk.domain import archive_events as archives
from edk.domain import events as ev
from edk.domain.diagnostics import Diagnostic
from edk.ui.plain import PlainLines
from tests.unit.ui import archive_events

DIGEST = "sha256:0123456789abcdef"
FAILED = ev.ImageFailed(
    "otsus",
    "step",
    "RUN false exited with code 1",
    "mend the command",
    "/w/otsus/Dockerfile",
    3,
    "RUN false",
    ("last line", "of the log"),
    "/state/logs/otsus.log",
)

GOLDEN: list[tuple[ev.Event, str]] = [
    (
        ev.SourcesRead(("/w",), 40, 3, 1, 1, 0.123),
        "sources       read      3 Dockerfiles, 1 operator or DAG file, 1 chart in 40 files, 0.12 s",
    ),
    (
        ev.DiagnosticFound(Diagnostic("EDK405", "error", "x/Dockerfile", 2, "'X' is not allowed", "mend the name", 5)),
        "x/Dockerfile:2:5: error: 'X' is not allowed [EDK405]\n    mend the name",
    ),
    (
        ev.DiagnosticFound(Diagnostic("EDK501", "error", "x", 0, "folder not readable", "")),
        "x:1:1: error: folder not readable [EDK501]",
    ),
    (ev.PlanMade(("a", "b"), ("c",), (), (), (), 0.5), "plan          made      build 2, skip 1, 0.50 s"),
    (ev.PlanMade((), (), (), (), (), 0.5), "plan          made      nothing to do, 0.50 s"),
    (
        ev.ImageSkipped("otsus", ("r/otsus:1",), DIGEST, "unchanged, and in the registry"),
        "otsus         skip      unchanged, and in the registry (sha256:0123456789ab)",
    ),
    (
        ev.ImageRetagged("otsus", DIGEST, "the tag 9 is missing"),
        "otsus         tag       the tag 9 is missing (sha256:0123456789ab)",
    ),
    (
        ev.WatchStarted(("/w",), 2, "inotify", 0.5),
        "watch         ready     /w: 2 images, inotify, 0.50 s",
    ),
    (
        ev.SavesNoticed("a.py saved", ("/w/a.py",), ("otsus",), 0.04),
        "save          noticed   a.py saved → otsus, 0.04 s",
    ),
    (
        ev.SavesNoticed("edk.yaml saved", ("/w/edk.yaml",), (), 0.04),
        "save          noticed   edk.yaml saved → no image is concerned, 0.04 s\n"
        "note                    a watcher keeps the settings that it started with\n"
        "    edk stop, and start it again; in the pod of the chart it is started by itself",
    ),
    (
        ev.DiagnosticMended(Diagnostic("EDK201", "error", "/w/Dockerfile", 3, "broken", "mend it")),
        "source        mended    /w/Dockerfile:3 [EDK201]",
    ),
    (
        ev.SaveServed("otsus", "a.py saved", 0.03, 0.01, 0.0, 0.2, 0.1, 0.34),
        "otsus         live      a.py saved: 0.34 s (noticed 0.03, read 0.01, waited 0.00, built 0.20, pushed 0.10)",
    ),
    (
        ev.ImageOrphaned("otsus", ("localhost:32000/otsus:1",)),
        "otsus         orphan    its Dockerfile is gone; localhost:32000/otsus:1 stays",
    ),
    (ev.OutOfReach("engine", "no answer"), "engine        away      no answer; builds wait for it"),
    (ev.BackAgain("engine"), "engine        back      it answers again"),
    (ev.ImageHeld("otsus", "waits for base"), "otsus         hold      waits for base"),
    (ev.ImagePlaced("otsus", "10.0.0.7:1234"), "otsus         at        10.0.0.7:1234"),
    (
        ev.ImageStarted("otsus", "a.py changed", "/w/Dockerfile", 1, 1234, "/log"),
        "otsus         build     a.py changed (1 file, 1.2 kB)",
    ),
    (
        ev.ImageStarted("otsus", "a.py changed", "/w/Dockerfile", 2, 0, "/log", 2),
        "otsus         build     a.py changed (2 files, 0 B, attempt 2)",
    ),
    (
        ev.ImageBuilt("otsus", "sha256:1", 5, 3, 61.2),
        "otsus         built     5 steps, 3 from the cache, 61.2 s",
    ),
    (
        ev.ImagePushed("otsus", "localhost:32000/otsus:1", DIGEST, 1.0),
        "otsus         pushed    localhost:32000/otsus:1 sha256:0123456789ab, 1.00 s",
    ),
    (ev.ImageFinished("otsus", DIGEST, ("r/otsus:1",), 125.0), "otsus         done      2 min 5 s"),
    (
        FAILED,
        "otsus         FAILED    RUN false exited with code 1\n"
        "    /w/otsus/Dockerfile:3: error: RUN false\n"
        "    | last line\n"
        "    | of the log\n"
        "    mend the command\n"
        "    the full log: /state/logs/otsus.log",
    ),
    (
        ev.ImageFailed("otsus", "engine", "gone", "", "/w/otsus/Dockerfile", 0, "", (), "/log"),
        "otsus         FAILED    gone\n    /w/otsus/Dockerfile",
    ),
    (ev.ImageBlocked("otsus", "base"), "otsus         blocked   base"),
    (ev.ImageCancelled("otsus", "stopped"), "otsus         stopped   stopped"),
    (
        ev.RetryScheduled("otsus", 2, 1.5, "the registry does not answer"),
        "otsus         retry     in 1.50 s (attempt 2): the registry does not answer",
    ),
    (
        ev.StepMoved("otsus", "1", "finished", "[2/3] RUN make", 2, 2, 3, seconds=4.0),
        "otsus         step      [2/3] RUN make, 4.00 s",
    ),
    (ev.StepMoved("otsus", "1", "cached", "[2/3] RUN make", 2, 2, 3), "otsus         cached    [2/3] RUN make"),
    (ev.StepMoved("otsus", "1", "started", "[2/3] RUN make", 2, 2, 3), ""),
    (ev.StepMoved("otsus", "1", "log", "compiling"), ""),
    (ev.StepMoved("otsus", "1", "finished", "[internal] load context", seconds=1.0), ""),
    (ev.StepMoved("otsus", "1", "warning", "old syntax"), "otsus         warning   old syntax"),
    (ev.PushMoved("otsus", "r", "Pushing", 1, 2), ""),
    (
        ev.ChartPackaged("otsus-workflow", "0.6.0", "/state/charts/o.tgz", "helm", 0.2),
        "otsus-workflow  chart     /state/charts/o.tgz (helm, 0.20 s)",
    ),
    (
        ev.ImageAsked("otsus", "localhost:32000/x:1", "missing"),
        "otsus         missing   localhost:32000/x:1",
    ),
    (
        ev.ChartVerified("otsus", 1, 1, 1, "helm"),
        "otsus         verified  1 reference to the local registry, all there; 2 elsewhere (by helm)",
    ),
    (
        ev.ChartUploaded("otsus", "http://kube-helm", "Successfully added"),
        "otsus         uploaded  to http://kube-helm: Successfully added",
    ),
    (
        ev.ChartUnchangedOnPlatform("otsus", "1.2.3", "http://kube-helm"),
        "otsus         skip      unchanged, not uploaded again: http://kube-helm lists it in version 1.2.3",
    ),
    (
        ev.ReleaseStatusSeen("otsus", "otsus", "deployed", ("running", "pending"), 0.3),
        "otsus         status    release otsus: deployed; pods: running, pending, 0.30 s",
    ),
    (
        ev.ReleaseStatusSeen("otsus", "otsus", "", (), 0.3),
        "otsus         status    release otsus: not told, 0.30 s",
    ),
    (ev.ReleaseDeleted("otsus", "otsus", 3.0), "otsus         deleted   release otsus, 3.00 s"),
    (
        ev.ChartInstalled("otsus", "1.2.3", "otsus", "deployed", "its pods are ready", 4.0),
        "otsus         live      release otsus in version 1.2.3: deployed, 4.00 s\n    its pods are ready",
    ),
    (
        ev.ImageImported("seg", "r/seg:1", DIGEST, "Successfully imported container seg_1.tar", 0.5),
        "seg           imported  r/seg:1 sha256:0123456789ab, 0.50 s: Successfully imported container seg_1.tar",
    ),
    (
        ev.ImageKeptOnPlatform("seg", "r/seg:1", DIGEST, "every node has it"),
        "seg           skip      not imported: every node has it (sha256:0123456789ab)",
    ),
    (
        ev.ImageImportFailed("seg", "r/seg:1", "kube-helm did not import it", "look"),
        "seg           FAILED    kube-helm did not import it\n    look",
    ),
    (ev.ChartFailed("otsus", "refused", "look"), "otsus         FAILED    refused\n    look"),
    (ev.Noticed("nothing special", "one\ntwo"), "note                    nothing special\n    one\n    two"),
    (ev.ImageRemoved("x", DIGEST, (), 10), "x             removed   sha256:0123456789ab, 10 B"),
    (ev.ImageRemoved("x", DIGEST, ("1",), 10), "x             removed   sha256:0123456789ab, 1, 10 B"),
    (ev.ChartRemoved("/s/c-1.tgz", 10), "c-1.tgz       removed   10 B"),
    (ev.RemovalRefused("g/x", DIGEST, "why"), "g/x           stays     sha256:0123456789ab: why"),
    (ev.RemovalRefused("/s/c-1.tgz", "", "why"), "c-1.tgz       stays     why"),
    (
        ev.EngineTidied(2, 30, 40),
        "engine        freed     30 B of 2 images without a tag, 40 B of its build cache",
    ),
    (ev.EngineTidied(0, 0, 40), "engine        freed     40 B of its build cache"),
    (
        ev.GarbageCollected(30, 2, 1.5),
        "registry      freed     30 B by garbage collection; 2 images looked for, all there, 1.50 s",
    ),
    (
        ev.RunFinished(1, 2, 1, 1, 3, 0, 10.0),
        "build         finished  2 built, 1 unchanged, 1 failed, 3 blocked in 10.0 s; something failed",
    ),
    (ev.RunFinished(0, 0, 0, 0, 0, 1, 0.1), "build         finished  no images, 1 chart in 0.10 s"),
    (ev.RunFinished(130, 1, 0, 0, 0, 0, 0.1), "build         finished  1 built in 0.10 s; interrupted"),
    *archive_events.GOLDEN,
]


def printed(*events: ev.Event, verbose: bool = False) -> str:
    stream = io.StringIO()
    sink = PlainLines(stream, verbose=verbose)
    for event in events:
        sink.emit(event)
    return stream.getvalue()


@pytest.mark.parametrize(("event", "text"), GOLDEN)
def test_each_event_has_its_line(event: ev.Event, text: str) -> None:
    """What happened, in one line or a few."""
    assert (f"{text}\n" if text else "") == printed(event)


def test_every_kind_of_event_is_printed_somehow() -> None:
    """No event is dropped because nobody thought of it."""
    assert set() == set(get_args(ev.Event)) - {type(event) for event, _ in GOLDEN}


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ev.StepMoved("otsus", "1", "log", "compiling"), "otsus                   | compiling\n"),
        (ev.StepMoved("otsus", "1", "started", "[1/2] RUN x", 2, 1, 2), "otsus         start     [1/2] RUN x\n"),
    ],
)
def test_verbose_shows_the_log(event: ev.Event, text: str) -> None:
    """Log lines and starts of steps are for those who ask."""
    assert text == printed(event, verbose=True)


def test_columns_are_as_wide_as_the_plans_longest_name() -> None:
    """Names of a plan stand in one column; a very long one does not push all others away."""
    plan = ev.PlanMade(("a-rather-long-image-name",), ("x" * 80,), (), (), (), 0.0)

    assert printed(plan, ev.ImageHeld("a", "b")).splitlines()[1] == f"{'a':<40}  hold      b"


def test_columns_are_as_wide_as_what_is_read_back() -> None:
    """Which is more than what a plan names: copies for charts, and upstream images."""
    plan = ev.PlanMade((), ("dag",), (), (), (), 0.0)
    names = ("dag", "dag (for charts)", "up/stream:9")
    read = [archives.ImageVerified(name, "ok", (), (), 1, 1) for name in names]
    shown = printed(plan, archives.VerifyStarted(names), *read)

    assert {18} == {line.index("ok ") for line in shown.splitlines()[2:]}


EVIL = "\x1b]0;title\x07\x9b31m\r\n\u202egnp.exe\u2066\u2028\u061c\x00\udcff"
ESCAPED = r"\x1b]0;title\x07\x9b31m\r\n\u202egnp.exe\u2066\u2028\u061c\x00\udcff"


@pytest.mark.parametrize(
    "event",
    [
        ev.StepMoved(EVIL, "1", "log", EVIL),
        ev.StepMoved(EVIL, "1", "warning", EVIL),
        ev.ImageHeld(EVIL, EVIL),
        ev.ImageFailed(EVIL, "step", EVIL, EVIL, EVIL, 1, EVIL, (EVIL,), EVIL),
        ev.DiagnosticFound(Diagnostic("EDK501", "error", EVIL, 1, EVIL, EVIL)),
        ev.ChartUploaded(EVIL, EVIL, EVIL),
        ev.RetryScheduled(EVIL, 1, 0.0, EVIL),
        ev.Noticed(EVIL, "hint"),
    ],
)
def test_names_and_logs_cannot_control_the_terminal(event: ev.Event) -> None:
    """Control characters, those that turn the direction of text, and bytes that are no UTF-8 are written out."""
    text = printed(event, verbose=True)

    assert ESCAPED in text
    assert [] == [char for char in text if char != "\n" and not char.isprintable()]


def test_letters_of_all_languages_are_kept() -> None:
    """Only what controls is escaped; a tab in a log line stays."""
    assert "| größe 大小 →\t✓" in printed(ev.StepMoved("x", "1", "log", "größe 大小 →\t✓"), verbose=True)
