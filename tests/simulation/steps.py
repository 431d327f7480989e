"""Steps of a schedule: what people, git, editors and faults do, and what the watcher of the file system says of it.

A step is ``[seconds, what, ...]``, of values that JSON knows. Whatever a step names may be gone by then, since other
steps were dropped while shrinking: it does nothing then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edk.domain.control import ControlAsked
from edk.domain.saves import EventKind, RawEvent, RescanNeeded
from tests.simulation.disk import EXTENSION

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

Step = list[Any]
TRASH_DELAY = 0.505
"""Seconds until watchdog is sure that something was moved out; see the recordings."""


class Stage:
    """Performs steps on a simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation
        self._kernel = simulation.kernel
        self._disk = simulation.disk

    def plan(self, steps: list[Step]) -> None:
        """Have every step happen in its time."""
        for step in steps:
            perform: Callable[..., None] = getattr(self, f"do_{step[1]}")
            self._at(step[0], lambda perform=perform, step=step: perform(*step[2:]))  # type: ignore[misc]

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._at(self._kernel.now + seconds, action)

    def _at(self, time: float, action: Callable[[], None]) -> None:
        self._sim.last_step = max(self._sim.last_step, time)
        self._kernel.at(time, action)

    def tell(self, kind: EventKind, path: str, dest: str = "", *, folder: bool = False) -> None:
        """Report something to the loop, after the time that the watcher takes for it."""
        self._later(self._sim.case.latency, lambda: self._arrive(RawEvent(kind, path, folder, dest)))

    def _arrive(self, event: RawEvent) -> None:
        self._kernel.put(event)
        if event.kind in {"closed", "deleted", "moved"}:
            ended = [p for p in self._sim.writing for e in (event.path, event.dest) if p == e or p.startswith(f"{e}/")]
            for path in ended:
                self._sim.writing.pop(path, None)

    def _write(self, path: str, text: str, *kinds: EventKind) -> None:
        self._disk.write(path, text)
        for kind in kinds:
            self.tell(kind, path)

    def _is_file(self, path: str) -> bool:
        return self._disk.exists(path) and not self._disk.is_folder(path)

    def _fits(self, path: str) -> bool:
        """Whether a file can be written there: no folder is in its place, no file in that of a folder above."""
        above = path.rpartition("/")[0]
        return self._disk.is_folder(above) and not self._disk.is_folder(path)

    # Saves -----------------------------------------------------------------------------------------------------------

    def do_save(self, path: str, text: str, how: str = "truncate", gap: float = 0.002) -> None:
        """Save a file as editors do."""
        if self._fits(path):
            getattr(self, f"_save_{how}" if self._is_file(path) else "_save_new")(path, text, gap)

    def _save_truncate(self, path: str, text: str, gap: float) -> None:
        """VS Code: empty, half, whole, closed."""
        self._open(path)
        self._write(path, "", "modified")
        self._later(gap, lambda: self._go_on(path, text[: len(text) // 2]))
        self._later(2 * gap, lambda: self._go_on(path, text, "closed"))

    def _open(self, path: str) -> None:
        """Note that a file is half written, from when the watcher of the file system says so."""
        self._later(self._sim.case.latency, lambda: self._sim.writing.setdefault(path, self._kernel.now))

    def _go_on(self, path: str, text: str, *kinds: EventKind) -> None:
        if self._is_file(path):
            self._write(path, text, "modified", *kinds)

    def _save_new(self, path: str, text: str, gap: float) -> None:
        """Save as: the new file is empty first."""
        self._write(path, "", "created")
        self._later(gap, lambda: self._go_on(path, text, "closed"))

    def _save_over(self, path: str, text: str, gap: float) -> None:
        """An atomic write: a temporary file that is moved over the old one."""
        other = path.rpartition("/")[0] + "/.goutputstream-A1B2C3"
        self._write(other, text, "created", "modified", "closed")

        def move() -> None:
            if self._is_file(other) and self._fits(path):
                self._disk.move(other, path)
                self.tell("moved", other, path)

        self._later(gap, move)

    def _save_vim(self, path: str, text: str, gap: float) -> None:
        """Vim: the old file is moved away, for some milliseconds there is none."""
        self._disk.move(path, f"{path}~")
        self.tell("moved", path, f"{path}~")

        def write() -> None:
            if self._fits(path):
                self._write(path, text, "created", "modified", "closed")
            if self._is_file(f"{path}~"):
                self._disk.delete(f"{path}~")
                self.tell("deleted", f"{path}~")

        self._later(0.005 + gap, write)

    def _save_mmap(self, path: str, text: str, gap: float) -> None:
        self._write(path, text, "closed")

    def _save_slow(self, path: str, text: str, gap: float) -> None:
        """A large file, with gaps while it is written."""
        self._open(path)
        self._write(path, "", "modified")
        for number in range(1, 5):
            self._later(0.15 * number, lambda n=number: self._go_on(path, text[: len(text) * n // 5]))  # type: ignore[misc]
        self._later(0.75, lambda: self._go_on(path, text, "closed"))

    def _save_unclosed(self, path: str, text: str, gap: float) -> None:
        """Somebody keeps the file open for ever."""
        self._write(path, text, "modified")

    def do_again(self, path: str) -> None:
        """Write the same once more."""
        if self._is_file(path):
            self._save_mmap(path, self._disk.text(path), 0.0)

    def do_touch(self, path: str) -> None:
        """Touch."""
        if self._is_file(path):
            self.tell("attrib", path)
            self.tell("closed", path)

    def do_chmod(self, path: str, mode: int) -> None:
        """Change the mode alone."""
        if self._is_file(path):
            self._disk.chmod(path, mode)
            self.tell("attrib", path)

    def do_litter(self, path: str) -> None:
        """An editor leaves a swap file for a moment."""
        if self._fits(path):
            self._write(path, "swap", "created", "modified", "closed")

    # Coming and going ------------------------------------------------------------------------------------------------

    def do_delete(self, path: str, late: bool) -> None:
        """Delete a file; by a trash it is told late."""
        if self._is_file(path):
            self._disk.delete(path)
            self._later(TRASH_DELAY if late else 0.0, lambda: self.tell("deleted", path))

    def do_move(self, path: str, dest: str) -> None:
        """Rename a file."""
        if self._is_file(path) and self._fits(dest) and path != dest:
            self._disk.move(path, dest)
            self.tell("moved", path, dest)

    def do_add(self, folder: str, files: dict[str, str], gap: float) -> None:
        """Copy a folder in: all files are reported, only some of them closed."""
        if self._is_file(folder) or not self._disk.is_folder(folder.rpartition("/")[0]):
            return
        self._disk.mkdir(folder)
        self.tell("created", folder, folder=True)
        for number, (name, text) in enumerate(files.items()):
            kinds: tuple[EventKind, ...] = ("created",) if number % 2 else ("created", "modified", "closed")
            self._later(gap * number, lambda n=name, t=text, k=kinds: self._put(f"{folder}/{n}", t, *k))  # type: ignore[misc]

    def _put(self, path: str, text: str, *kinds: EventKind) -> None:
        above = path.rpartition("/")[0]
        if not self._disk.exists(above):
            self._disk.mkdir(above)
            self.tell("created", above, folder=True)
        if self._fits(path):
            self._write(path, text, *kinds)

    def do_remove(self, folder: str, moved_out: bool) -> None:
        """Remove a folder: file by file, or by moving it out, which is told late and of the folder alone."""
        if not self._disk.is_folder(folder):
            return
        inside = [(path, self._disk.is_folder(path)) for path in self._disk.below(folder)]
        self._disk.delete(folder)
        for path, is_folder in () if moved_out else reversed(inside):
            self.tell("deleted", path, folder=is_folder)
        self._later(TRASH_DELAY if moved_out else 0.0, lambda: self.tell("deleted", folder, folder=True))

    def do_shift(self, folder: str, dest: str) -> None:
        """Move a folder within the tree; watchdog makes up what it says of its contents."""
        free = not self._disk.exists(dest) and self._disk.is_folder(dest.rpartition("/")[0])
        if self._disk.is_folder(folder) and free and not dest.startswith(f"{folder}/"):
            self._disk.move(folder, dest)
            self.tell("moved", folder, dest, folder=True)
            for path in self._disk.below(dest):
                old = folder + path[len(dest) :]
                self.tell("moved", old, path, folder=self._disk.is_folder(path))

    # Bursts ----------------------------------------------------------------------------------------------------------

    def do_checkout(self, files: dict[str, str | None], gap: float, hold: float) -> None:
        """Git switches a branch; its index stays locked for a while longer."""
        self._sim.lock_git()
        self.tell("created", f"{EXTENSION}/.git/index.lock")
        for number, (path, text) in enumerate(files.items()):
            self._later(gap * number, lambda p=path, t=text: self._check_out(p, t))  # type: ignore[misc]
        self._later(gap * len(files) + hold, self._unlock)

    def _check_out(self, path: str, text: str | None) -> None:
        if self._is_file(path):
            self._disk.delete(path)
            self.tell("deleted", path)
        if text is not None and self._fits(path):
            self._write(path, text, "created", "modified", "closed")

    def _unlock(self) -> None:
        self._sim.unlock_git()
        self.tell("moved", f"{EXTENSION}/.git/HEAD.lock", f"{EXTENSION}/.git/HEAD")

    def do_lose(self, files: dict[str, str | None], delay: float) -> None:
        """Events are lost: nothing is told but that, after a while."""
        for path, text in files.items():
            if text is None and self._is_file(path):
                self._disk.delete(path)
            elif text is not None and self._fits(path):
                self._disk.write(path, text)
        self._later(delay, lambda: self._kernel.put(RescanNeeded("the queue of events overflowed")))

    def do_look(self) -> None:
        """The watcher looks at everything, as from time to time."""
        self._kernel.put(RescanNeeded("a look at everything", quiet=True))

    # Faults ----------------------------------------------------------------------------------------------------------

    def do_engine_away(self, seconds: float) -> None:
        """The engine goes away and comes back."""
        self._sim.engine.reach.leave()
        self._later(seconds, self._sim.engine.reach.come_back)

    def do_registry_away(self, seconds: float) -> None:
        """The registry goes away and comes back."""
        self._sim.registry.reach.leave()
        self._later(seconds, self._sim.registry.reach.come_back)

    def do_restless(self, seconds: float) -> None:
        """Somebody writes to the files all the time, so that no plan can be made."""
        self._sim.restless_until = self._kernel.now + seconds
        self._later(seconds, lambda: None)

    def do_wipe(self) -> None:
        """Somebody deletes all that the registry has."""
        self._sim.registry.wipe()
        self._sim.tampered(None)

    def do_drift(self, name: str, foreign: bool) -> None:
        """Somebody else pushes under a tag, or deletes it."""
        for repository, tag in self._sim.registry.tags_held():
            if repository == name:
                if foreign:
                    self._sim.registry.put_foreign(repository, tag)
                else:
                    self._sim.registry.drop(repository, tag)
                self._sim.tampered(name)

    def do_occupied(self, name: str, seconds: float) -> None:
        """Another process builds the same target for a while."""
        self._sim.locks.occupy(f"localhost:32000/{name}", self._kernel.now + seconds)

    def do_kill(self, forget: bool) -> None:
        """The watcher is killed and started again, perhaps without its state."""
        if forget:
            self._sim.cache.forget()
        self._kernel.kill_at_next_look = True

    # Requests --------------------------------------------------------------------------------------------------------

    def _ask(self, command: str, *images: str) -> None:
        self._kernel.put(ControlAsked(command, images, lambda _answer: None))

    def do_rebuild(self, name: str) -> None:
        """``edk rebuild``."""
        self._sim.asked(name)
        self._ask("rebuild", name)

    def do_pause(self, seconds: float) -> None:
        """``edk pause``, and ``edk resume`` some time later."""
        self._ask("pause")
        self._later(seconds, lambda: self._ask("resume"))
