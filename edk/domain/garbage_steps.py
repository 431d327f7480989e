"""How to collect the garbage of a registry that the EDK does not run, step by step."""

from __future__ import annotations

_CONFIG = "/etc/docker/registry/config.yml"
_NEVER_M = "   (never with -m: it would delete images that only digests refer to, such as those of DAG images)"
_LAST = "Then look whether all is there: edk images"


def garbage_steps(address: str, container: str) -> tuple[str, ...]:
    """Return lines for people.

    Args:
        address: of the registry.
        container: in which it runs on this machine, if the set-up started it so; else empty.
    """
    head = (
        f"Garbage collection in {address}, which this EDK does not run itself. It is stop-the-world: what is pushed",
        "meanwhile may lose its layers. So let nobody build or push until it is over (edk stop ends a watcher).",
    )
    host = address.rpartition(":")[0] or address
    name, _, rest = host.partition(".")
    if container:
        steps = _in_docker(container, "registry:2")
    elif ".svc" in rest:
        steps = _in_cluster(name, rest.partition(".")[0])
    else:
        steps = (
            "In the cluster of a platform:",
            *_in_cluster("local-registry", "services"),
            "In a container of docker, CONTAINER and IMAGE as docker ps shows them:",
            *_in_docker("CONTAINER", "IMAGE"),
        )
    return (*head, *steps, _LAST)


def _in_cluster(name: str, namespace: str) -> tuple[str, ...]:
    kubectl = f"kubectl -n {namespace}"
    return (
        "1. Make it read-only:",
        f"   {kubectl} set env deployment/{name} 'REGISTRY_STORAGE_MAINTENANCE_READONLY={{\"enabled\":true}}'",
        f"   {kubectl} rollout status deployment/{name}",
        "2. Collect:",
        f"   {kubectl} exec deployment/{name} -- registry garbage-collect {_CONFIG}",
        _NEVER_M,
        "3. Make it writable again; the restart is needed, for it still believes in what is gone:",
        f"   {kubectl} set env deployment/{name} REGISTRY_STORAGE_MAINTENANCE_READONLY-",
        f"   {kubectl} rollout status deployment/{name}",
    )


def _in_docker(container: str, image: str) -> tuple[str, ...]:
    return (
        f"1. Stop it:    docker stop {container}",
        f"2. Collect:    docker run --rm --volumes-from {container} {image} garbage-collect {_CONFIG}",
        _NEVER_M,
        f"3. Start it:   docker start {container}",
    )
