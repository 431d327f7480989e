"""Answers, in the loop's thread, what others ask of a running watcher."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Protocol

from edk.domain.control import ControlAsked, done, refused, refused_by, told
from edk.domain.errors import UsageError
from edk.domain.status import WatchStatus

__all__ = ["ControlAsked", "Controlled", "answer", "known_images"]


class Controlled(Protocol):
    """What a watcher lets others do; every method returns at once."""

    def status(self) -> WatchStatus:
        """Return where everything stands."""

    def when_settled(self, tell: Callable[[], None]) -> None:
        """Call back once the tree as it is now is all in the registry, or has failed."""

    def rebuild(self, images: Sequence[str]) -> None:
        """Build these images anew, whatever the registry holds; each is known."""

    def pause(self) -> None:
        """Start no build until `resume`; saves are kept."""

    def resume(self) -> None:
        """Go on, with what was saved meanwhile."""

    def stop(self) -> None:
        """Stop the watcher, as a signal does."""


def answer(asked: ControlAsked, watcher: Controlled) -> None:
    """Do what was asked, and reply.

    The state that ``follow`` begins with is told by the thread that emits events, so that a follower neither
    misses an event nor hears of one twice.
    """
    match asked.command:
        case "status" | "follow":
            asked.reply(told(watcher.status()))
        case "wait":
            watcher.when_settled(lambda: asked.reply(told(watcher.status())))
        case "rebuild":
            try:
                images = known_images(asked.images, [image.name for image in watcher.status().images])
            except UsageError as error:
                asked.reply(refused_by(error))
                return
            watcher.rebuild(images)
            asked.reply(done(images=list(images)))
        case "pause":
            watcher.pause()
            asked.reply(done())
        case "resume":
            watcher.resume()
            asked.reply(done())
        case "stop":
            asked.reply(done())
            watcher.stop()
        case _:
            asked.reply(refused(f"unknown command {asked.command!r}"))


def known_images(asked: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the images asked for, each once; raise UsageError naming those that there are not."""
    unknown = [name for name in dict.fromkeys(asked) if name not in known]
    if not unknown:
        return tuple(dict.fromkeys(asked))
    near = difflib.get_close_matches(unknown[0], known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "edk status names those that there are"
    raise UsageError(f"no image is called {', '.join(unknown)}", hint)
