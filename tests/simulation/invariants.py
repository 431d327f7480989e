"""What must hold once nothing happens any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edk.domain import events as ev
from edk.domain.control import ControlAsked
from edk.domain.diagnostics import Diagnostic
from edk.domain.plan import BuildPlan
from edk.domain.run import GOOD
from edk.domain.status import OK
from tests.simulation.disk import EXTENSION
from tests.simulation.kernel import DivergenceError
from tests.simulation.model import VERSION, asked_tags, image_on

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

BOUND = 120.0
"""Virtual seconds after the last step until it must be quiet: git's limit, the longest pause, and some builds."""


class Screen:
    """What somebody sees who reads the events: of each image the last that was said, and the diagnostics."""

    def __init__(self) -> None:
        self.images: dict[str, str] = {}
        self.diagnostics: set[Diagnostic] = set()
        self.trouble: set[str] = set()

    def begin(self) -> None:
        """A new process starts with an empty screen."""
        self.images.clear()
        self.diagnostics.clear()
        self.trouble.clear()

    def show_plan(self, plan: BuildPlan) -> None:
        """The first plan's diagnostics are shown whole."""
        self.diagnostics = {d.absolute for d in plan.diagnostics if d.diagnostic.severity != "info"}

    def emit(self, event: ev.Event) -> None:
        """Take one event."""
        match event:
            case ev.ImageFailed():
                self.images[event.image] = "failed"
            case ev.ImageFinished():
                self.images[event.image] = "done"
            case ev.ImageSkipped():
                self.images[event.image] = "skipped"
            case ev.ImageBlocked():
                self.images[event.image] = "blocked"
            case ev.ImageStarted():
                self.images[event.image] = "running"
            case ev.DiagnosticFound():
                self.diagnostics.add(event.diagnostic)
            case ev.DiagnosticMended():
                self.diagnostics.discard(event.diagnostic)
            case ev.OutOfReach():
                self.trouble.add(event.what)
            case ev.BackAgain():
                self.trouble.discard(event.what)

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Expected:
    """How a Dockerfile must stand: ``good``, ``failing``, ``bad`` (blocked), ``broken`` or ``unnamed``.

    `image` is the identity of what the registry must hold, of a good one.
    """

    how: str
    image: str = ""


class Judge:
    """Says of every Dockerfile how it must stand, from the tree alone.

    Of a Dockerfile that does not parse the last good reading stands, and which that is, depends on what the watcher
    saw: whether it stands is taken from the loop, and what hangs on it follows.
    """

    def __init__(self, sim: Simulation) -> None:
        assert sim.loop is not None
        self._sim = sim
        self._states = sim.disk.states
        self._targets = sim.loop.state.targets
        self._names: dict[str, list[str]] = {}
        for path in sorted(self._states, key=lambda p: (not p.startswith(f"{EXTENSION}/"), p)):
            self._names.setdefault(self._name(path), []).append(path)
        self._known: dict[str, Expected] = {}
        self._visiting: set[str] = set()
        texts = [sim.disk.text(p) for p in sim.disk.below(EXTENSION) if p.endswith("Operator.py")]
        # Of what is broken the last good reading stands, whatever that was, with all that it needs.
        broken = [t for t in texts if "def broken(:" in t or not t.startswith("class AnOperator:")]
        self.unsure = bool(broken) or any(s.text.broken for s in self._states.values())
        self.tags = asked_tags([text for text in texts if text not in broken])

    def wanted(self) -> list[str]:
        """Return the Dockerfiles of the extension, and those of the platform that something needs."""
        found = [path for path in self._states if path.startswith(f"{EXTENSION}/")]
        found += [p for name in self.tags for p in self._nearest(name) if p not in found]
        for path in found:
            if not self._states[path].text.broken:
                found.extend(p for p in self._bases(path) if p not in found)
        return found

    def expect(self, path: str) -> Expected:
        """Say how a Dockerfile must stand."""
        if path not in self._known:
            if path in self._visiting:
                return Expected("bad")
            self._visiting.add(path)
            self._known[path] = self._judge(path)
            self._visiting.discard(path)
        return self._known[path]

    def standing(self, name: str, tag: str) -> str:
        """Return what stands in the registry."""
        return self._sim.registry.content(name, tag)

    def _judge(self, path: str) -> Expected:
        state = self._states[path]
        if state.text.broken:
            return Expected("broken")
        if not state.text.name:
            return Expected("unnamed")
        if self._is_ambiguous(state.text.name, path) or self._in_circle(path):
            return Expected("bad")
        if not state.text.base:
            return Expected("failing") if state.fails else Expected("good", image_on(state.identity, ""))
        bases = self._bases(path)
        if len(bases) != 1:
            return Expected("bad")
        base = self.expect(bases[0])
        if base.how == "broken" and self._stands(bases[0]):
            name = self._name(bases[0])
            base = Expected("good", self.standing(name, "latest"))
        if base.how != "good":
            return Expected("bad")
        return Expected("failing") if state.fails else Expected("good", image_on(state.identity, base.image))

    def _bases(self, path: str) -> list[str]:
        """Return the Dockerfiles that yield what one stands on: those of the extension, if there are any."""
        base = self._states[path].text.base
        return self._nearest(base) if base else []

    def _nearest(self, name: str) -> list[str]:
        found = self._names.get(name, [])
        near = [p for p in found if p.startswith(f"{EXTENSION}/")]
        return near or found

    def _is_ambiguous(self, name: str, path: str) -> bool:
        inside = path.startswith(f"{EXTENSION}/")
        return sum(p.startswith(f"{EXTENSION}/") == inside for p in self._names[name]) > 1

    def _in_circle(self, path: str) -> bool:
        at, seen = path, set()
        while at not in seen:
            seen.add(at)
            bases = self._bases(at)
            if len(bases) != 1 or self._states[at].text.broken:
                return False
            at = bases[0]
        return at == path

    def _name(self, path: str) -> str:
        loop = self._sim.loop
        image = loop.image(path) if loop is not None else None
        if self._states[path].text.broken and image is not None:
            return image.node.target.name
        return self._states[path].text.name

    def _stands(self, path: str) -> bool:
        return path in self._targets and self._targets[path].phase in GOOD


def check_quiet(sim: Simulation, *, drifted: bool) -> None:
    """Check everything that must hold now.

    Args:
        sim: what has become quiet.
        drifted: whether somebody meddled with the registry, which the watcher can't know yet.
    """
    assert sim.loop is not None
    if sim.crew.at_work or sim.loop.state.running or not sim.loop.state.idle:
        waiting = {t.label: (t.phase, t.reason) for t in sim.loop.state.targets.values()}
        raise DivergenceError(f"nothing happens any more, but something is waited for: {waiting}")
    if sim.kernel.now - sim.last_step > BOUND and not sim.meddled:
        raise DivergenceError(f"quiet only {sim.kernel.now - sim.last_step:.1f} s after the last step")
    judge = Judge(sim)
    wanted = judge.wanted()
    for path in wanted:
        _check_target(sim, judge, path, drifted=drifted)
    allowed = sim.disk.states if judge.unsure else wanted
    extra = [t.label for key, t in sim.loop.state.targets.items() if key not in allowed]
    if extra:
        raise DivergenceError(f"I7: targets without a Dockerfile: {extra}")
    _check_screen(sim)


def _check_target(sim: Simulation, judge: Judge, path: str, *, drifted: bool) -> None:
    assert sim.loop is not None
    expected = judge.expect(path)
    target = sim.loop.state.targets.get(path)
    phase = target.phase if target is not None else "absent"
    allowed = {
        "good": {"done", "skipped"},
        "failing": {"failed"},
        "bad": {"blocked"},
        "broken": {"blocked", "done", "skipped", "ignored", "absent"},
        "unnamed": {"ignored", "absent"},
    }[expected.how]
    if drifted and expected.how in {"good", "failing"}:
        allowed = {*allowed, "failed", "blocked"}
    if phase not in allowed:
        why = target.reason if target is not None else ""
        raise DivergenceError(f"I7: {path} is {expected.how}, but {phase} ({why})")
    if expected.how != "good" or drifted or target is None:
        return
    text = sim.disk.states[path].text
    for tag in sorted({"latest" if text.local_only else VERSION} | judge.tags.get(text.name, set())):
        there = judge.standing(text.name, tag)
        if there != expected.image:
            raise DivergenceError(f"I1: {text.name}:{tag} holds {there or 'nothing'}, not {expected.image}")


def _check_screen(sim: Simulation) -> None:
    """Check that what somebody sees is how it stands: by the events, and by ``edk status``."""
    assert sim.loop is not None
    assert sim.loop.plan is not None
    assert sim.session is not None
    plan = sim.loop.plan
    shown = {d.absolute for d in plan.diagnostics if d.diagnostic.severity != "info"}
    if shown != sim.screen.diagnostics:
        raise DivergenceError(f"diagnostics on the screen differ: {shown ^ sim.screen.diagnostics}")
    if sim.screen.trouble != set(sim.loop.trouble):
        raise DivergenceError(f"the screen says that {sim.screen.trouble} are away, the loop {sim.loop.trouble}")
    # Whether what is away is back shows by the next build; where none is left to do, nobody asks.
    served = {what for what, at in sim.last_served.items() if at > sim.back_at(what)}
    if served & set(sim.loop.trouble):
        raise DivergenceError(f"still out of reach on the screen: {sim.loop.trouble}")
    sim.session.answer(ControlAsked("ping", (), lambda _: None), sim.loop)
    status = sim.session.status()
    told = {what for what, said in (("engine", status.engine), ("registry", status.registry)) if said != OK}
    if told != sim.screen.trouble or status.paused:
        raise DivergenceError(f"the status says {status.engine}, {status.registry}, paused: {status.paused}")
    labels = [t.label for t in sim.loop.state.targets.values()]
    for image in status.images:
        if image.state == "orphaned" or labels.count(image.name) > 1:
            continue
        if (image.state == "failed") != bool(image.error.message):
            raise DivergenceError(f"the status of {image.name} says {image.state} with error {image.error.message!r}")
        seen = sim.screen.images.get(image.name, "")
        same = seen == image.state or {seen, image.state} <= {"done", "skipped"}
        if image.state in {"failed", "done", "skipped", "blocked"} and not same:
            raise DivergenceError(f"{image.name} is {image.state}, but the screen says {seen or 'nothing'}")
