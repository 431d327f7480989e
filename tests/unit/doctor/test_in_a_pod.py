"""What the doctor says in a pod: which address is for what, and remedies that help there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from edk.domain.checks import Check
from edk.domain.errors import EngineUnreachableError, RegistryUnreachableError
from edk.domain.surroundings import in_pod
from edk.orchestrator.doctor import examine
from edk.orchestrator.doctor_model import Patient, WatcherSeen
from tests.fakes.registry import FakeRegistry
from tests.unit.doctor.test_doctor import ENGINE, FakeEngine, FakeMachine, FakeRegistryProbes, patient

SERVICE = "local-registry.services.svc.cluster.local:5000"
BUILDKIT = structs.replace(ENGINE, name="BuildKit", endpoint="tcp://127.0.0.1:1234", root_dir="")
SETTINGS = replace(
    patient().settings,
    registry_push=SERVICE,
    builder="buildkit",
    buildkit_host="tcp://127.0.0.1:1234",
    buildkit_tls="/certs/client",
    kube_helm_url="http://kube-helm.admin.svc:5000",
)
ENVIRON = {
    "KAAPANA_BUILD_VERSION": "0.6.0",
    "KUBERNETES_SERVICE_HOST": "10.96.0.1",
    "NAMESPACE": "services",
    "HOSTNAME": "edk-7d9",
}
WATCHER = WatcherSeen(("/e",), " (in another container)")
TOOLS = {"git": "git version 2.4", "helm": "v3", "buildctl": "buildctl v0.17.3"}


class Well:
    """A platform that answers."""

    def health(self) -> None:
        """Answer."""


def dead(message: str = "Nothing answers") -> FakeRegistry:
    """A registry that does not answer."""
    made = FakeRegistry()
    made.fail("ping", *[RegistryUnreachableError(message, "Start it by scripts/setup.sh")] * 9)
    return made


def podded(**changed: object) -> Patient:
    """A pod in good health, but for what is changed; the nodes' name of the registry does not answer in it."""
    return patient(
        **{
            "settings": SETTINGS,
            "environ": ENVIRON,
            "builder": FakeEngine(BUILDKIT),
            "registries": {SERVICE: FakeRegistry(), "localhost:32000": dead()},
            "machine": FakeMachine(tools=TOOLS),
            "platform": Well(),
            "watchers": lambda: (WATCHER,),
            **changed,
        }
    )


def found(name: str, **changed: object) -> Check:
    """The first check of a name."""
    return next(check for check in examine(podded(**changed)) if check.name == name)


def test_all_is_well_in_a_pod() -> None:
    """Also though localhost:32000 leads nowhere there; each address is named with what it is for."""
    checks = examine(podded())

    assert [] == [check for check in checks if check.status != "ok"]
    assert (
        f"in a pod of services: images are pushed to {SERVICE}, which nodes know as localhost:32000; BuildKit at"
        " tcp://127.0.0.1:1234 builds; charts go to http://kube-helm.admin.svc:5000"
    ) == checks[0].detail
    assert {"localhost:32000 is its name for the nodes, and for nobody here", f"{SERVICE} answers"} == {
        check.detail for check in checks if check.name == "registry"
    }


def test_what_is_said_of_a_pod_is_not_said_elsewhere() -> None:
    """No check of a pod on somebody's machine."""
    names = {check.name for check in examine(patient())}

    assert set() == names & {"pod", "registry address", "extensions", "git owner"}


EXPIRED = EngineUnreachableError("x509: certificate has expired or is not yet valid", "Have new ones made")
GONE = EngineUnreachableError("connection refused", "Start it (edk builder up)")
UNKNOWN = FakeMachine(tools=TOOLS, unknown=("local-registry.services.svc.cluster.local",))
NO_PROXY = ENVIRON | {"http_proxy": "http://p:1", "no_proxy": "intranet"}
PROXIED = replace(SETTINGS, proxies=(("http_proxy", "http://p:1"), ("no_proxy", "intranet")))
EXCEPTED = NO_PROXY | {"no_proxy": ".svc,.cluster.local,localhost,127.0.0.1,10.96.0.1"}


@pytest.mark.parametrize(
    ("name", "changed", "status", "detail", "remedy"),
    [
        ("engine", {"builder": FakeEngine(error=EXPIRED)}, "failure", "has expired", "Have new ones made"),
        ("engine", {"builder": FakeEngine(error=GONE)}, "failure", "refused", "logs edk-7d9 -c builder"),
        ("builder", {"chosen": lambda: ("", "missed")}, "warning", "missed", "-n services logs edk-7d9 -c builder"),
        ("registry", {"registries": {SERVICE: dead(), "localhost:32000": dead()}}, "failure", "Nothing", "podAddress"),
        ("registry address", {"machine": UNKNOWN}, "failure", "has no address: Name or", "registry.podAddress"),
        ("registry deletion", {"registry_probes": FakeRegistryProbes(deleting=False)}, "warning", "only", "DELETE"),
        ("registry clock", {"registry_probes": FakeRegistryProbes(ahead=-3600)}, "warning", "3600 s behind", "time"),
        ("registry clock", {"registry_probes": FakeRegistryProbes(ahead=61)}, "warning", "61 s ahead of", "time"),
        ("watcher", {"watchers": tuple}, "warning", "saves are not built", "-c watcher; the chart's value watcher"),
        (
            "watcher",
            {"watchers": lambda: [replace(WATCHER, trouble="the engine is away")]},
            "warning",
            "watches /e (in another container): the engine is away",
            "kubectl -n services logs edk-7d9 -c watcher",
        ),
        ("extensions", {"machine": FakeMachine(tools=TOOLS, free=5e8)}, "warning", "0.5 GB", "storage.extensions.size"),
        ("extensions", {"machine": FakeMachine(tools=TOOLS, writable=False)}, "failure", "nothing can", "fsGroup"),
        ("state", {"machine": FakeMachine(tools=TOOLS, free=5e8)}, "warning", "0.5 GB", "storage.state.size"),
        ("state", {"machine": FakeMachine(tools=TOOLS, writable=False)}, "warning", "can't be written", "fsGroup"),
        ("git owner", {"machine": FakeMachine(tools=TOOLS, refuses=True)}, "warning", "git refuses", "safe.directory"),
        ("git", {"machine": FakeMachine(tools={})}, "warning", "not there", "images.edk"),
        ("buildctl", {"machine": FakeMachine(tools={})}, "warning", "not there", "images.edk"),
        ("inotify", {"machine": FakeMachine(tools=TOOLS, limits=(3, 99))}, "warning", "too few", "on the node: sysctl"),
        ("proxies", {"settings": PROXIED, "environ": NO_PROXY}, "warning", "kube-helm.admin.svc", "proxy.noProxy"),
    ],
)
def test_what_is_wrong_is_said_with_a_remedy_for_the_pod(
    name: str, changed: dict[str, object], status: str, detail: str, remedy: str
) -> None:
    """No command that nobody can run in a pod: no apt-get, no set-up of ours."""
    check = found(name, **changed)

    assert status == check.status
    assert detail in check.detail
    assert remedy in check.remedy
    assert "apt" not in check.remedy
    assert "setup.sh" not in check.remedy
    assert "builder up" not in check.remedy


def test_the_value_of_no_proxy_is_told_whole() -> None:
    """What is set already, what lacks, and what no proxy can know; set so, all is well."""
    check = found("proxies", settings=PROXIED, environ=NO_PROXY)

    assert (
        "export no_proxy=intranet,localhost,local-registry.services.svc.cluster.local,127.0.0.1,kube-helm.admin.svc,"
        "10.96.0.1,.svc,.cluster.local"
    ) in check.remedy
    value = check.remedy.partition("no_proxy=")[2].partition(" ")[0]
    assert "ok" == found("proxies", settings=PROXIED, environ=NO_PROXY | {"no_proxy": value}).status
    assert "ok" == found("proxies", settings=PROXIED, environ=EXCEPTED).status


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, True),
        ({"KAAPANA_BUILD_VERSION": "1", "LOCAL_REGISTRY_URL": "x:5000"}, True),
        ({"KAAPANA_BUILD_VERSION": "1"}, False),
        ({"LOCAL_REGISTRY_URL": "x:5000"}, False),
    ],
)
def test_where_it_is_a_pod(environ: dict[str, str], expected: bool) -> None:
    """By the same rule as the scripts."""
    assert expected == in_pod(environ)
