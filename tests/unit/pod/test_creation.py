"""What the engine is told of a container, and what a container is given to know."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pod.creation import command_of, host_of, lacking_here, user_of
from tests.support.pod.environment import Identity, Surroundings, environment, files, service_links
from tests.support.pod.errors import NotStartedError
from tests.support.pod.quantities import expanded, quantity
from tests.support.pod.spec import ServicePort, ServiceSpec
from tests.unit.pod.test_rendered import with_pod

WHO = Identity("web-1", "uid", "10.0.0.2", "10.0.0.1")
OBJECTS = {
    ("configMap", "ns", "c"): {"a": b"1", "b": b"2"},
    ("secret", "ns", "s"): {"k": b"sesame"},
}


def host(pod: dict[str, Any] | None = None, **context: Any) -> dict[str, Any]:
    """Return what the engine is told of a container with this security context."""
    found = with_pod(container={"securityContext": context}, securityContext=pod or {}).pods[0]
    return host_of(found.containers[0], found, "sandbox", [])


def test_security_context() -> None:
    """Each field is an option of the engine; no profile means none, as with a kubelet."""
    strict = host(
        {"fsGroup": 7, "supplementalGroups": [8], "seccompProfile": {"type": "RuntimeDefault"}},
        allowPrivilegeEscalation=False, readOnlyRootFilesystem=True, capabilities={"drop": ["ALL"], "add": ["SETUID"]},
    )  # fmt: skip

    assert ["no-new-privileges"] == strict["security_opt"]
    assert (["ALL"], ["SETUID"], True) == (strict["cap_drop"], strict["cap_add"], strict["read_only"])
    assert ["8", "7"] == strict["group_add"]
    assert ["seccomp=unconfined"] == host()["security_opt"]
    assert host(privileged=True)["privileged"]
    assert ([], []) == (host(procMount="Unmasked")["MaskedPaths"], host(procMount="Unmasked")["ReadonlyPaths"])
    assert "MaskedPaths" not in host()


def test_limits() -> None:
    """Memory without swap, processors as a quota, requests as a weight."""
    resources = {"limits": {"memory": "64Mi", "cpu": "1500m"}, "requests": {"cpu": "250m", "memory": "1Mi"}}
    found = with_pod(container={"resources": resources}).pods[0]

    told = host_of(found.containers[0], found, "sandbox", [])

    assert (64 << 20, 64 << 20, 150_000, 256) == tuple(
        told[name] for name in ("mem_limit", "memswap_limit", "cpu_quota", "cpu_shares")
    )


@pytest.mark.parametrize(("image", "context"), [("", {}), ("0", {}), ("edk", {}), ("1000", {"runAsUser": 0})])
def test_root_is_refused_where_nobody_may_be_root(image: str, context: dict[str, Any]) -> None:
    """Also where the image names its user by a name, of which a kubelet can not tell whether it is root."""
    found = with_pod(container={"securityContext": {"runAsNonRoot": True, **context}}).pods[0]

    with pytest.raises(NotStartedError, match="runAsNonRoot"):
        user_of(found.containers[0], {"User": image})


def test_user() -> None:
    """Of the container, else of the pod, else of the image."""
    found = with_pod(securityContext={"runAsUser": 5, "runAsGroup": 6}, container={"securityContext": {"runAsUser": 7}})

    assert "7:6" == user_of(found.pods[0].containers[0], {"User": "x"})
    assert "x" == user_of(with_pod().pods[0].containers[0], {"User": "x"})


def test_environment() -> None:
    """Values, keys, all keys with a prefix, fields, and earlier variables by $(NAME)."""
    found = with_pod(
        container={
            "envFrom": [
                {"prefix": "C_", "configMapRef": {"name": "c"}},
                {"secretRef": {"name": "none", "optional": True}},
            ],
            "env": [
                {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                {"name": "GONE", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "z", "optional": True}}},
                {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
                {"name": "URL", "value": "http://$(IP):$(C_a)/$$(IP)/$(NOTHING)"},
                {"name": "EMPTY"},
            ],
            "args": ["--at", "$(URL)"],
        }
    ).pods[0]

    made = environment(found.containers[0], Surroundings(found, WHO, OBJECTS), {"X": "link"})

    assert {
        "X": "link", "C_a": "1", "C_b": "2", "PASSWORD": "sesame", "IP": "10.0.0.2", "NODE": "10.0.0.1",
        "URL": "http://10.0.0.2:1/$(IP)/$(NOTHING)", "EMPTY": "",
    } == made  # fmt: skip
    assert {"command": ["--at", made["URL"]]} == command_of(found.containers[0], made)


def test_missing_key_keeps_a_container_from_starting() -> None:
    """As a kubelet has it, unless it is optional."""
    variable = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "z"}}}
    found = with_pod(container={"env": [variable]}).pods[0]

    with pytest.raises(NotStartedError, match="no key 'z' in the secret 's'"):
        environment(found.containers[0], Surroundings(found, WHO, OBJECTS), {})


def test_files_of_objects() -> None:
    """All keys, or those named at their paths."""
    volumes = [{"name": "all", "configMap": {"name": "c"}}, {"name": "one", "secret": {"secretName": "s", "items": [
        {"key": "k", "path": "x/k", "mode": 0o600}]}}]  # fmt: skip
    found = with_pod(volumes=volumes).pods[0]
    around = Surroundings(found, WHO, OBJECTS)

    assert [("a", b"1", 0o644), ("b", b"2", 0o644)] == list(files(found.volumes["all"], around))
    assert [("x/k", b"sesame", 0o600)] == list(files(found.volumes["one"], around))


def test_links_of_services() -> None:
    """The variables that a kubelet makes of services of the same namespace; a setting may be hit by one."""
    service = ServiceSpec("local-registry", "ns", {}, (ServicePort("http", 5000, "x", 0),))

    made = service_links([(service, "10.0.0.9"), (ServiceSpec("o", "other", {}, service.ports), "10.0.0.8")], "ns")

    assert "tcp://10.0.0.9:5000" == made["LOCAL_REGISTRY_PORT"]
    assert "10.0.0.9" == made["LOCAL_REGISTRY_PORT_5000_TCP_ADDR"] == made["LOCAL_REGISTRY_SERVICE_HOST"]
    assert "5000" == made["LOCAL_REGISTRY_SERVICE_PORT_HTTP"]
    assert not [name for name in made if name.startswith("O_")]


def test_quantities() -> None:
    """As Kubernetes writes them."""
    assert [0.25, 2, 1.5 * 2**30, 4e9] == [float(quantity(one, "x")) for one in ("250m", 2, "1.5Gi", "4G")]
    assert "$(A) 1 $(B)" == expanded("$$(A) $(A) $(B)", {"A": "1"})


def test_privilege_where_capabilities_lack() -> None:
    """All others, and no filter: an engine starts no privileged container then. Elsewhere: privileged."""
    status = "CapPrm:\t000001fffeffffff\nCapBnd:\t000001fffeffffff\n"
    found = with_pod(container={"securityContext": {"privileged": True}}).pods[0]

    lacking = lacking_here(status)
    told = host_of(found.containers[0], found, "sandbox", [], lacking)

    assert {"SYS_RESOURCE"} == lacking
    assert (False, 37, "/sys/fs/cgroup") == (told["privileged"], len(told["cap_add"]), told["mounts"][0]["Target"])
    assert host_of(found.containers[0], found, "sandbox", [], lacking_here("CapBnd:\t0000003fffffffff"))["privileged"]
