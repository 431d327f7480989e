"""Histories of a registry: builds, retags, charts, losses of the state and prunes, with a model of what is needed.

The model knows what was built from what because it was there; the EDK has to find it out from labels, records and
archives. So neither takes over the other's mistakes.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from edk.domain.charts.archives import write_archive
from edk.domain.fingerprint import LABEL
from edk.domain.held import BASE_DIGEST, REFERENCES, Push, contents_of
from edk.domain.pruning import Key
from edk.domain.survey import Removed, Survey
from edk.orchestrator.pipeline import PlanRequest
from edk.orchestrator.prune import remove
from edk.orchestrator.services import Services
from edk.orchestrator.survey import Asked, survey_beside
from edk.ports import OwnRegistry, Registry
from tests.fakes.cache import FakeCache
from tests.fakes.registry import CONFIG, MANIFEST, digest_of
from tests.unit.core.bench import Bench, SleepingClock

HOUR = 3600.0
LAYER = "application/vnd.oci.image.layer.v1.tar"


class NoDisk:
    """An engine whose disk is empty."""

    def copies(self, before: float) -> tuple[int, int]:
        """Return that there are none."""
        return 0, 0

    def remove_copies(self, before: float) -> tuple[int, int]:
        """Fail: there are none."""
        raise AssertionError("nothing was to be removed")

    def cache_bytes(self) -> int:
        """Return that there is none."""
        return 0

    def prune_cache(self, keep: int) -> int:
        """Fail: there is none."""
        raise AssertionError("nothing was to be removed")


@dataclass(frozen=True)
class Made:
    """An image as the model knows it; without a fingerprint it is somebody else's."""

    repository: str
    digest: str
    fingerprint: str
    blobs: tuple[str, ...]
    layers: tuple[bytes, ...]
    manifest: bytes
    needs: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Its identity."""
        return self.repository, self.digest

    @property
    def alias(self) -> bool:
        """Whether it is a copy under an address that names its content."""
        return self.repository.startswith("edk/")


@dataclass
class Behind:
    """The registry from behind, as the model knows it."""

    times: dict[Key, float] = field(default_factory=dict)

    def stored(self) -> dict[Key, float]:
        """Return every manifest with its time."""
        return dict(self.times)

    def collect(self) -> int:
        """Fail: nobody asked for it."""
        raise AssertionError("no garbage was to be collected")


class History:
    """A registry with a past.

    Args:
        registry: an empty one, or one whose other repositories do not matter.
        state: an empty folder.
        prefix: of all names, so that they are the test's own.
        start: seconds since the epoch.
    """

    def __init__(self, registry: Registry, state: Path, prefix: str = "", start: float = 1_700_000_000.0) -> None:
        bench = Bench({})
        self.clock = SleepingClock(start)
        self.cache = FakeCache()
        self.registry = registry
        self.prefix = prefix
        self.host = "localhost:32000"
        self.folder = state / "charts"
        self.folder.mkdir(parents=True)
        settings = replace(bench.services.settings, state_dir=str(state))
        self.services: Services = replace(
            bench.services, registry=registry, cache=self.cache, clock=self.clock, settings=settings
        )
        self.own: OwnRegistry | None = None
        self.made: dict[Key, Made] = {}
        self.times: dict[Key, float] = {}  # as anybody can know them; 0: nobody can
        self.tags: dict[tuple[str, str], str] = {}
        self.recorded: set[Key] = set()
        self.tree: dict[str, Made] = {}
        self.charts: dict[Path, tuple[str, float, str, str]] = {}
        self.cluster: set[str] = set()
        self._count = 0

    # What happens -------------------------------------------------------------------------------------------------

    def build(
        self, name: str, version: int = 0, base: str = "", refers: tuple[str, ...] = (), tag: str = "1.0"
    ) -> Made:
        """Build and push what the tree has under a name, as the worker does; the same version is the same image."""
        below = self.tree.get(base)
        others = [self.tree[other] for other in refers if other in self.tree]
        references = {other.repository: f"{self.host}/{other.repository}@{other.digest}" for other in others}
        print_ = digest_of(repr((name, version, below and below.fingerprint, sorted(references.items()))).encode())
        labels = {LABEL: print_} | ({REFERENCES: json.dumps(references)} if references else {})
        labels |= {BASE_DIGEST: below.digest} if below else {}
        layers = (*(below.layers if below else ()), f"layer of {name} {version}".encode() * 10)
        needs = tuple(other.digest for other in (*others, *([below] if below else [])))
        made = self._put(self.prefix + name, tag, labels, layers, needs)
        contents = contents_of(made.digest, made.manifest, labels, (below.digest,) if below else ())
        self.cache.record_push(
            Push(self.host, made.repository, made.digest, (tag,), self.clock.now(), contents)
        )
        self.recorded.add(made.key)
        self.times[made.key] = self.clock.now()
        self.tree[name] = made
        return made

    def push_foreign(self, name: str, version: int = 0, tag: str = "1.0") -> Made:
        """Push an image that is not ours."""
        return self._put(self.prefix + name, tag, {"somebody": f"{version}"}, (b"x" * (100 + version),), ())

    def retag(self, made: Made, tag: str) -> None:
        """Move a tag to an image that is there."""
        self.registry.retag(made.repository, made.digest, tag)
        self.tags[made.repository, tag] = made.digest

    def drop_from_tree(self, name: str) -> None:
        """Delete a Dockerfile; its image stays where it is."""
        self.tree.pop(name, None)

    def package(self, chart: str, name: str, version: int, by_digest: bool = False) -> None:
        """Package a chart that asks for what the tree has under a name, by digest or by an alias of it."""
        made = self.tree[name]
        folder = f"edk/{made.digest[7:23]}"
        if not by_digest:
            alias = replace(made, repository=f"{folder}/{made.repository}")
            self._store(alias, "0.0.0")
            if made.key in self.recorded:
                # Who made it leaves no record, and it is taken for as old as the image: what is young is the chart.
                self.recorded.add(alias.key)
                self.times[alias.key] = max(self.times[alias.key], self.times[made.key])
        asked = f"{self.host}/{made.repository}@{made.digest}" if by_digest else f"{self.host}/{folder}"
        path = self.folder / f"{chart}-0.0.{version}.tgz"
        files = {"Chart.yaml": f"name: {chart}\nversion: 0.0.{version}\n", "values.yaml": f"global:\n  x: {asked}\n"}
        path.write_bytes(write_archive(chart, {name: text.encode() for name, text in files.items()}))
        now = self.clock.now()
        os.utime(path, (now, now))
        self.charts[path] = chart, now, made.digest if by_digest else "", "" if by_digest else folder

    def run_in_cluster(self, made: Made) -> None:
        """Have the cluster run an image."""
        self.cluster.add(made.digest)

    def lose_state(self) -> None:
        """Lose the record of all pushes, as a pod does that is restarted, and some time with it."""
        self.cache.forget()
        self.recorded.clear()
        if self.own is None:
            self.times = dict.fromkeys(self.times, 0.0)
        self.clock.advance(2 * HOUR)

    # What is needed -----------------------------------------------------------------------------------------------

    def kept_charts(self, min_age: float) -> set[Path]:
        """Return the archives that have to stay: the last of each chart, and what is younger."""
        newest: dict[str, tuple[float, Path]] = {}
        for path, (chart, when, _, _) in self.charts.items():
            newest[chart] = max(newest.get(chart, (0.0, path)), (when, path))
        young = {path for path, (_, when, _, _) in self.charts.items() if self.clock.now() - when < min_age}
        return young | {path for _, path in newest.values()}

    def needed(self, asked: Asked) -> set[Key]:
        """Return what may not be removed."""
        needed: set[Key] = set()

        def want(made: Made) -> None:
            if made.key in needed:
                return
            needed.add(made.key)
            for other in self.made.values():
                if other.digest in made.needs or (other.alias and not made.alias and other.digest == made.digest):
                    want(other)

        charts = [self.charts[path] for path in self.kept_charts(asked.min_age)]
        for made in self.made.values():
            tagged = not made.alias and made.digest in self._tagged(made.repository)
            charted = any(made.digest == digest for _, _, digest, _ in charts)
            charted |= any(folder and made.repository.startswith(f"{folder}/") for _, _, _, folder in charts)
            young = self.clock.now() - self.times[made.key] < asked.min_age
            unknown = made.key not in self.recorded and not asked.unrecorded
            in_tree = made.fingerprint in {other.fingerprint for other in self.tree.values()}
            undated = not self.times[made.key]
            runs = made.digest in self.cluster
            by_itself = (not made.fingerprint, tagged, charted, young, undated, unknown, in_tree, runs)
            if any(by_itself) or made.key in self._last(asked.keep):
                want(made)
        return needed

    def _last(self, keep: int) -> set[Key]:
        found: set[Key] = set()
        for repository in {made.repository for made in self.made.values() if made.fingerprint and not made.alias}:
            row = [m for m in self.made.values() if m.repository == repository and m.fingerprint]
            row.sort(key=lambda made: (self.times[made.key], made.digest))
            found |= {made.key for made in row[len(row) - keep if keep < len(row) else 0 :]} if keep else set()
        return found

    def _seen(self) -> set[Key]:
        """Return what anybody can know of: it has a tag, or is on record, or the storage lists it."""
        if self.own is not None:
            return set(self.made)
        return {made.key for made in self.made.values() if made.key in self.recorded or self._points_at(made)}

    # Pruning ------------------------------------------------------------------------------------------------------

    def prune(self, keep: int = 3, min_age: float = HOUR, unrecorded: bool = False) -> set[Key]:
        """Prune, and fail if anything needed went, or anything stayed that nobody needs; return what went."""
        asked = self.asked(keep, min_age, unrecorded)
        charts = self.kept_charts(min_age)
        superseded = (self._seen() & {m.key for m in self.made.values() if m.fingerprint}) - self._needed_seen(asked)
        found = self.surveyed(asked)
        done = self.removed(found, asked)
        mine = {key for key in done.images if key in self.made}

        assert (set(), set()) == (superseded - mine, mine - superseded), "(stayed, went)"
        assert () == done.stayed
        assert charts == set(self.folder.iterdir())
        for key in mine:
            self._gone(key)
        self.charts = {path: told for path, told in self.charts.items() if path in charts}
        self.read_back()
        return mine

    def asked(self, keep: int = 3, min_age: float = HOUR, unrecorded: bool = False) -> Asked:
        """Return what to prune by."""
        return Asked(PlanRequest(()), keep, min_age, unrecorded, frozenset(self.cluster))

    def surveyed(self, asked: Asked) -> Survey:
        """Survey, as the command does."""
        tree = frozenset(made.fingerprint for made in self.tree.values())
        return survey_beside(self.services, self.own, NoDisk(), asked, tree, len(self.tree))

    def removed(self, found: Survey, asked: Asked) -> Removed:
        """Remove what a survey found superseded."""
        return remove(self.services, NoDisk(), found, asked, {v.held.key for v in found.superseded})

    def _needed_seen(self, asked: Asked) -> set[Key]:
        """Return what is needed by something that anybody can know of: the rest is not even looked at."""
        seen = self._seen()
        made, self.made = self.made, {key: made for key, made in self.made.items() if key in seen}
        try:
            return self.needed(asked)
        finally:
            self.made = made

    def read_back(self) -> None:
        """Fail unless everything that the model holds can be read, byte by byte, and every tag stands where it did."""
        for made in self.made.values():
            found = self.registry.manifest(*made.key)
            assert found is not None, f"{made.key} is gone"
            assert made.manifest == found[1]
            for blob in made.blobs:
                assert blob == digest_of(b"".join(self.registry.blob(made.repository, blob)))
        for (repository, tag), digest in self.tags.items():
            head = self.registry.head(repository, tag)
            assert head is not None, f"{repository}:{tag} is gone"
            assert digest == head.digest

    def _gone(self, key: Key) -> None:
        del self.made[key], self.times[key]
        self.recorded.discard(key)
        self.tags = {place: digest for place, digest in self.tags.items() if (place[0], digest) != key}
        if isinstance(self.own, Behind):
            del self.own.times[key]
        assert self.registry.manifest(*key) is None

    def _put(
        self, repository: str, tag: str, labels: dict[str, str], layers: tuple[bytes, ...], needs: tuple[str, ...]
    ) -> Made:
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": labels}}).encode()
        described = [{"mediaType": LAYER, "digest": digest_of(layer), "size": len(layer)} for layer in layers]
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
                "layers": described,
            }
        ).encode()
        blobs = (digest_of(config), *map(digest_of, layers))
        made = Made(
            repository, digest_of(manifest), labels.get(LABEL, ""), blobs, (config, *layers)[1:], manifest, needs
        )
        for digest, content in zip(blobs, (config, *layers), strict=True):
            if not self.registry.has_blob(repository, digest):
                self.registry.upload(repository, digest, len(content), [content])
        self._store(made, tag, config)
        return made

    def _store(self, made: Made, tag: str, config: bytes = b"") -> None:
        for digest in made.blobs:
            if not self.registry.has_blob(made.repository, digest):
                source = made.repository.split("/", 2)[2]
                assert self.registry.mount(made.repository, digest, source)
        assert made.digest == self.registry.put_manifest(made.repository, tag, MANIFEST, made.manifest)
        # Two pushes never come at the same instant.
        self._count += 1
        self.clock.advance(1)
        self.made[made.key] = made
        self.times[made.key] = self.clock.now() if self.own is not None else self.times.get(made.key, 0.0)
        self.tags[made.repository, tag] = made.digest
        if isinstance(self.own, Behind):
            self.own.times[made.key] = self.clock.now()

    def _tagged(self, repository: str) -> set[str]:
        return {digest for (place, _), digest in self.tags.items() if place == repository}

    def _points_at(self, made: Made) -> bool:
        return made.digest in self._tagged(made.repository)


def random_steps(history: History, chance: random.Random) -> Iterator[Callable[[], object]]:
    """Yield steps of a random history for ever; each is to be taken before the next one is asked for."""
    names = ("base", "seg", "report", "dag")
    while True:
        name = chance.choice(names)
        yield chance.choices(
            (
                lambda: _build(history, chance, chance.choice(names)),
                lambda: history.tree and history.retag(history.tree[chance.choice(sorted(history.tree))], "other"),
                lambda: "dag" in history.tree
                and history.package(f"c{chance.randrange(2)}", "dag", chance.randrange(4), chance.random() < 0.3),
                lambda: history.clock.advance(chance.choice((60, HOUR, 5 * HOUR))),
                lambda: history.push_foreign(chance.choice(("theirs", "seg")), chance.randrange(3), "theirs"),
                lambda: history.tree and history.run_in_cluster(history.tree[chance.choice(sorted(history.tree))]),
                lambda name=name: history.drop_from_tree(name),
                history.lose_state,
                lambda: history.prune(chance.randrange(3), chance.choice((0.0, HOUR)), chance.random() < 0.4),
            ),
            (14, 2, 4, 4, 1, 1, 1, 0.3, 3),
        )[0]


def _build(history: History, chance: random.Random, name: str) -> None:
    version = chance.randrange(4)
    if name == "base":
        history.build(name, version)
    elif name == "dag":
        history.build(name, version, "base", ("seg", "report"))
    else:
        history.build(name, version, chance.choice(("", "base")), tag=chance.choice(("1.0", "2.0")))
