"""The ports that the use cases work on, wired once by the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edk.ports import (
        Cache,
        ChartPackager,
        Clock,
        Cluster,
        EventSink,
        ImageBuilder,
        Inventory,
        Locks,
        Platform,
        RecordStore,
        Registry,
        SourceHistory,
        SourceTree,
    )
    from edk.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Everything outside, behind its port.

    Args:
        settings: the settings.
        open_tree: returns a tree that looks at the file system afresh.
        cache: the state's memory.
        registry: the local registry.
        builder: the engine.
        locks: one at a time per target.
        clock: time.
        sink: takes the events.
        packager: returns what makes chart archives, and its name.
        platform: kube-helm; None if none is configured.
        cluster: what the nodes have; None if nobody asked for it.
        history: the repositories that the sources lie in; None: images tell nothing of them.
        records: where provenance and bills of materials are kept; None: nowhere.
        inventory: makes bills of materials; None: none are made.
    """

    settings: Settings
    open_tree: Callable[[], SourceTree]
    cache: Cache
    registry: Registry
    builder: ImageBuilder
    locks: Locks
    clock: Clock
    sink: EventSink
    packager: Callable[[], tuple[ChartPackager, str]]
    platform: Platform | None
    cluster: Cluster | None = None
    history: SourceHistory | None = None
    records: RecordStore | None = None
    inventory: Inventory | None = None
