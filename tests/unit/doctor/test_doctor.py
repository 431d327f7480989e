"""What the doctor makes of what it sees."""

# ruff: noqa: D102 (the methods of stand-ins are those of their protocol)

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from msgspec import structs

from edk.adapters.probes import MachineProbes
from edk.domain.checks import Check
from edk.domain.engines import CacheUse, EngineSeen, Rights
from edk.domain.errors import (
    EdkError,
    EngineUnreachableError,
    PlatformUnreachableError,
    RegistryUnreachableError,
)
from edk.domain.requests import EngineInfo
from edk.orchestrator.doctor import examine
from edk.orchestrator.doctor_model import Patient
from edk.orchestrator.doctor_nodes import nodes_address
from edk.settings import Settings
from edk.ui.doctor_text import as_json, lines, worst
from tests.fakes.registry import FakeRegistry

ENGINE = EngineInfo("Docker Engine", "26.1", "unix:///x", True, False, "linux/amd64", "/var/lib/docker")


@dataclass
class FakeEngine:
    """An engine that says who it is, fails, or hangs."""

    info: EngineInfo = ENGINE
    error: Exception | None = None
    seconds: float = 0.0

    def describe(self) -> EngineInfo:
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        return self.info


@dataclass
class FakeMachine:
    """A machine on which all is well unless told otherwise."""

    free: float = 50e9
    writable: bool = True
    tools: Mapping[str, str] = field(default_factory=lambda: {"git": "git version 2.4", "helm": "v3"})
    limits: tuple[int, int] = (500_000, 128)
    folders: int = 100
    clone: bool = True
    version: str = "3.11.7 (/python)"
    unknown: tuple[str, ...] = ()
    refuses: bool = False
    used: tuple[int, int] = (0, 0)

    def python(self) -> str:
        return self.version

    def free_bytes(self, path: str) -> int:
        return int(self.free)

    def is_writable(self, path: str) -> bool:
        return self.writable

    def is_folder(self, path: str) -> bool:
        return True

    def is_clone(self, path: str) -> bool:
        return self.clone

    def tool(self, name: str) -> str:
        if self.tools.get(name) == "hangs":
            raise OSError("it does not answer within 4 s")
        return self.tools.get(name, "")

    def inotify_limits(self) -> tuple[int, int]:
        return self.limits

    def count_folders(self, roots: Sequence[str], exclude: Sequence[str]) -> int:
        return self.folders

    def inotify_used(self) -> tuple[int, int]:
        return self.used

    def resolve(self, host: str) -> tuple[str, ...]:
        if host in self.unknown:
            raise OSError(-2, "Name or service not known")
        return ("10.0.0.7",)

    def refuses_clone(self, path: str) -> bool:
        return self.refuses


@dataclass
class FakeRegistryProbes:
    """Registries that can be written to, are one, and delete."""

    refusal: RegistryUnreachableError | None = None
    same: bool = True
    deleting: bool = True
    ahead: float = 0.0

    def try_writing(self, address: str) -> None:
        if self.refusal:
            raise self.refusal

    def is_same(self, first: str, second: str) -> bool:
        return self.same

    def deletes(self, address: str) -> bool:
        return self.deleting

    def seconds_ahead(self, address: str) -> float:
        return self.ahead


@dataclass
class FakeEngineProbes:
    """Engines that tell of themselves, or can't be asked."""

    seen: tuple[EngineSeen, ...] = (EngineSeen("unix:///x", Rights("root"), CacheUse(3 * 10**9, 2 * 10**9)),)
    error: EdkError | None = None

    def rights(self, registry: str) -> tuple[EngineSeen, ...]:
        if self.error:
            raise self.error
        return self.seen

    def caches(self, seconds: float) -> tuple[EngineSeen, ...]:
        return self.rights("")


@dataclass
class FakeState:
    """A state folder in which all is well unless told otherwise; notes what is mended."""

    modes: tuple[tuple[str, str], ...] = ()
    strangers: tuple[str, ...] = ()
    damaged: str = ""
    dead: tuple[str, ...] = ()
    refusal: OSError | None = None
    done: list[str] = field(default_factory=list)

    def wrong_modes(self) -> tuple[tuple[str, str], ...]:
        return self.modes

    def mend_modes(self) -> None:
        if self.refusal:
            raise self.refusal
        self.done.append("modes")

    def foreign(self) -> tuple[str, ...]:
        return self.strangers

    def damage(self) -> str:
        return self.damaged

    def set_database_aside(self) -> None:
        self.done.append("database")

    def dead_sockets(self) -> tuple[str, ...]:
        return self.dead

    def remove_dead_sockets(self) -> None:
        self.done.append("sockets")


@dataclass
class FakeOwn:
    """Daemons of ours that have ended; notes what is started again."""

    gone: tuple[str, ...] = ()
    refusal: EngineUnreachableError | None = None
    done: list[str] = field(default_factory=list)

    def ended(self, name: str) -> bool:
        return name in self.gone

    def described(self, name: str) -> str:
        return f"our {name}"

    def start_again(self, name: str) -> None:
        if self.refusal:
            raise self.refusal
        self.done.append(name)


class FakePlatform:
    """A kube-helm that does not answer."""

    def health(self) -> None:
        raise PlatformUnreachableError("http://kube-helm does not answer", "")

    def upload_chart(self, archive: str) -> str:
        raise AssertionError

    def import_image(self, filename: str) -> str:
        raise AssertionError


SETTINGS = replace(Settings(), build_version="0.6.0", state_dir="/state", registry_push="in-cluster:5000")


def patient(**changed: object) -> Patient:
    """A patient in good health, but for what is changed."""
    healthy = Patient(
        settings=SETTINGS,
        environ={"KAAPANA_BUILD_VERSION": "0.6.0"},
        builder=FakeEngine(),  # type: ignore[arg-type]
        chosen=lambda: ("no BuildKit is known", ""),
        registries={"in-cluster:5000": FakeRegistry(), "localhost:32000": FakeRegistry()},
        platform=None,
        machine=FakeMachine(),
        registry_probes=FakeRegistryProbes(),
        engine_probes=FakeEngineProbes(),
        state=FakeState(),
        own=FakeOwn(),
        tree=("/ext",),
    )
    return replace(healthy, **changed)  # type: ignore[arg-type]


def found(name: str, **changed: object) -> Check:
    """The first check of a name, for a patient with something changed."""
    return next(check for check in examine(patient(**changed)) if check.name == name)


def test_all_is_well() -> None:
    """A healthy patient has nothing but ok, in a fixed order and without remedies."""
    checks = examine(patient())

    assert {("ok", "")} == {(check.status, check.remedy) for check in checks}
    assert (
        "builder, engine, engine disk, rootless, build cache, registry, registry, registry writable,"
        " registry deletion, registry clock, registry names, kube-helm, watcher, state, git, helm, inotify, python,"
        " platform version, platform repository, proxies"
    ) == ", ".join(check.name for check in checks)


NO_BUILDKIT = FakeEngine(structs.replace(ENGINE, buildkit=False))
WORKER_AWAY = FakeEngine(structs.replace(ENGINE, away=("w2:1234",)))
GONE = FakeEngine(error=EngineUnreachableError("nobody at /x", "start it"))
WITH_PROXY = replace(SETTINGS, proxies=(("http_proxy", "http://p:1"),))
PROXY = {"KAAPANA_BUILD_VERSION": "0.6.0", "http_proxy": "http://p:1"}


@pytest.mark.parametrize(
    ("name", "changed", "status", "detail", "remedy"),
    [
        ("builder", {"chosen": lambda: ("", "b.sock does not answer")}, "warning", "b.sock does not", "edk builder up"),
        ("engine", {"builder": GONE}, "failure", "nobody at /x", "start it"),
        ("engine", {"builder": NO_BUILDKIT}, "warning", "without BuildKit", "apt-get"),
        ("engine", {"builder": WORKER_AWAY}, "warning", "away: w2:1234", "logs"),
        ("engine disk", {"machine": FakeMachine(free=5e9)}, "warning", "5.0 GB free", "docker system prune"),
        ("engine disk", {"machine": FakeMachine(free=5e8)}, "failure", "0.5 GB free", "docker system prune"),
        ("registry deletion", {"registry_probes": FakeRegistryProbes(deleting=False)}, "warning", "only", "DEL"),
        ("registry names", {"registry_probes": FakeRegistryProbes(same=False)}, "failure", "different", "export"),
        ("kube-helm", {"platform": FakePlatform()}, "warning", "does not answer", "--no-import"),
        ("state", {"machine": FakeMachine(writable=False)}, "warning", "can't be written", "EDK_STATE_DIR"),
        ("state", {"settings": replace(SETTINGS, state_dir="")}, "warning", "nothing is remembered", "HOME"),
        ("git", {"machine": FakeMachine(tools={})}, "warning", "not there", "apt-get install git"),
        ("helm", {"machine": FakeMachine(tools={"helm": "hangs"})}, "warning", "within 4 s", "get-helm"),
        ("inotify", {"machine": FakeMachine(limits=(150, 128))}, "warning", "too few", "sysctl fs.inotify"),
        ("inotify", {"machine": FakeMachine(used=(499_950, 3))}, "warning", "499950 of 500000", "max_user_watches"),
        ("inotify", {"machine": FakeMachine(used=(9, 128))}, "warning", "128 of 128", "max_user_instances=512"),
        ("inotify", {"machine": FakeMachine(limits=(9999, 8))}, "warning", "instances", "user_instances=512"),
        ("python", {"machine": FakeMachine(version="3.10.1 (/p)")}, "failure", "too old", "apt-get"),
        ("platform repository", {"machine": FakeMachine(clone=False)}, "warning", "is no clone", "edk init"),
        ("proxies", {"settings": WITH_PROXY, "environ": PROXY}, "warning", "in-cluster", "no_proxy"),
    ],
)
def test_what_is_wrong_is_said_with_a_remedy(
    name: str, changed: dict[str, object], status: str, detail: str, remedy: str
) -> None:
    """Each trouble has its status, its words and what to do."""
    check = found(name, **changed)

    assert status == check.status
    assert detail in check.detail
    assert remedy in check.remedy


def test_proxies_with_all_exceptions_are_well() -> None:
    """What no_proxy names, by host or domain, is not warned about."""
    environ = PROXY | {"no_proxy": "localhost,127.0.0.1,in-cluster"}

    assert "ok" == found("proxies", settings=WITH_PROXY, environ=environ).status
    assert "localhost" in found("proxies", settings=WITH_PROXY, environ=PROXY | {"no_proxy": "x"}).remedy


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("0.6.0", "ok"),
        ("0.6.0-12-g09bb59b20", "ok"),
        ("v0.6.0", "ok"),
        ("develop", "warning"),
        ("0.6.0+local", "failure"),
        ("", "failure"),
    ],
)
def test_shapes_of_the_version(version: str, status: str) -> None:
    """A version that can't be a tag fails; one that is no version is warned about."""
    settings = replace(SETTINGS, build_version=version)

    assert status == found("platform version", settings=settings).status


def test_an_unset_version_is_a_warning() -> None:
    """The default is named."""
    settings = replace(SETTINGS, build_version="0.0.0")

    check = found("platform version", settings=settings, environ={})

    assert ("warning", True) == (check.status, "tagged 0.0.0" in check.detail)


def test_the_pushed_to_name_must_answer_the_other_need_not() -> None:
    """In a pod localhost:32000 is not there, which is right; the push address must be."""
    dead = FakeRegistry()
    dead.fail("ping", *[RegistryUnreachableError("dead", "h")] * 4)
    alive = FakeRegistry()

    inside = examine(patient(registries={"in-cluster:5000": alive, "localhost:32000": dead}))
    broken = examine(patient(registries={"in-cluster:5000": dead, "localhost:32000": alive}))

    assert ["ok", "warning"] == [check.status for check in inside if check.name == "registry"]
    assert ["failure", "ok"] == [check.status for check in broken if check.name == "registry"]
    assert "registry writable" not in [check.name for check in broken]


POD = {"KAAPANA_BUILD_VERSION": "0.6.0", "KUBERNETES_SERVICE_HOST": "10.96.0.1"}
ON_NODE = POD | {"EDK_NODE_ADDRESS": "10.0.0.7"}


def in_pod(node: FakeRegistry, *, same: bool = True, environ: dict[str, str] = ON_NODE) -> list[Check]:
    """What doctor says of the registry in a pod, whose node has this at port 32000."""
    known = {"in-cluster:5000": FakeRegistry(), "10.0.0.7:32000": node}
    probes = FakeRegistryProbes(same=same)
    checks = examine(patient(environ=environ, registries=known, registry_probes=probes))
    return [check for check in checks if check.name in ("registry", "registry names")]


def test_in_a_pod_the_nodes_name_is_asked_at_the_node() -> None:
    """Nobody answers at localhost there; the node has the port, and it has to lead to the same registry."""
    told = in_pod(FakeRegistry())

    assert ["ok", "ok", "ok"] == [check.status for check in told]
    assert "localhost:32000 answers at this pod's node, 10.0.0.7:32000" == told[1].detail
    assert "in-cluster:5000 and localhost:32000 are one registry" == told[2].detail
    assert "failure" == in_pod(FakeRegistry(), same=False)[2].status


def test_a_node_without_the_port_is_a_warning_that_names_the_service() -> None:
    """Images can be built, but no node can pull them."""
    dead = FakeRegistry()
    dead.fail("ping", RegistryUnreachableError("dead", "h"))

    told = in_pod(dead)

    assert ["ok", "warning"] == [check.status for check in told]
    assert "10.0.0.7:32000" in told[1].detail
    assert told[1].remedy.startswith("kubectl get service,endpoints in-cluster")


def test_a_pod_that_does_not_know_its_node_is_not_sent_to_set_up_a_registry() -> None:
    """The name is right, and cannot be asked from here."""
    told = in_pod(FakeRegistry(), environ=POD)

    assert ["ok", "ok"] == [check.status for check in told]
    assert "for nobody here" in told[1].detail
    assert "" == told[1].remedy


@pytest.mark.parametrize(
    ("registry", "environ", "asked"),
    [
        ("localhost:32000", ON_NODE, "10.0.0.7:32000"),
        ("localhost:32000", POD | {"EDK_NODE_ADDRESS": "fd00::7"}, "[fd00::7]:32000"),
        ("localhost:32000", POD, ""),
        ("localhost:32000", {}, "localhost:32000"),
        ("registry.example.org:443", ON_NODE, "registry.example.org:443"),
        ("in-cluster:5000", ON_NODE, "in-cluster:5000"),
    ],
)
def test_where_the_nodes_name_is_asked(registry: str, environ: dict[str, str], asked: str) -> None:
    """At the node, if the name is that of each machine itself, and is not what images are pushed to."""
    assert asked == nodes_address(replace(SETTINGS, registry=registry), environ)


def test_what_hangs_is_bounded() -> None:
    """A check that does not come back is a failure after its time; the others are told all the same."""
    started = time.monotonic()

    checks = examine(patient(builder=FakeEngine(seconds=3.0)), seconds=0.1)

    assert time.monotonic() - started < 2.0
    assert Check("engine", "failure", "no answer within 0 s", "scripts/setup.sh") == checks[1]
    assert "ok" == next(check.status for check in checks if check.name == "registry")


def test_lines_put_the_remedy_below() -> None:
    """One line a check, a second for what to do; control characters are written out."""
    checks = (Check("a", "ok", "fine"), Check("long", "failure", "bad\x1b[2J", "do it"))

    assert ["ok       a     fine", "FAILURE  long  bad\\x1b[2J", "               → do it"] == list(lines(checks))


def test_json_holds_all_and_the_worst() -> None:
    """The JSON has a schema, the worst status, and every check."""
    checks = (Check("a", "ok", "fine"), Check("b", "warning", "so", "do"))

    assert {
        "schema": "edk.doctor/v1",
        "status": "warning",
        "checks": [
            {"name": "a", "status": "ok", "detail": "fine", "remedy": "", "mend": ""},
            {"name": "b", "status": "warning", "detail": "so", "remedy": "do", "mend": ""},
        ],
    } == json.loads(as_json(checks))
    assert ("ok", "failure") == (worst(checks[:1]), worst((*checks, Check("c", "failure", ""))))


def test_the_machine_can_be_looked_at(tmp_path: object) -> None:
    """The real probes answer on a real machine."""
    probes = MachineProbes()

    assert probes.python()[0] == "3"
    assert probes.free_bytes(f"{tmp_path}/not/yet/there") > 0
    assert probes.is_writable(f"{tmp_path}/not/yet/there")
    assert all(limit > 0 for limit in probes.inotify_limits())
    assert "" == probes.tool("no-such-program-at-all")
    assert "git version" in probes.tool("git")
