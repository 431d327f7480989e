"""Whether the parts of a rendering fit together: what is named is there, and what is there is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.chart.rendering import Document, containers, environment, of_kind


def misfits(rendered: tuple[Document, ...]) -> list[str]:
    """Return what does not fit, as sentences; empty if all does."""
    deployments = of_kind(rendered, "Deployment")
    return [
        *_doubles(rendered),
        *(f"{name}: {text}" for name, one in deployments.items() for text in _of_pod(one, rendered)),
        *(f"Service {name}: {text}" for name, one in of_kind(rendered, "Service").items()
          for text in _of_service(one, deployments)),
        *(f"Ingress {name}: {text}" for name, one in of_kind(rendered, "Ingress").items()
          for text in _of_ingress(one, of_kind(rendered, "Service"))),
    ]  # fmt: skip


def _doubles(rendered: tuple[Document, ...]) -> Iterator[str]:
    names = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in rendered]
    yield from (f"{name} is there twice" for name in sorted(set(names)) if names.count(name) > 1)
    namespaced = [one for one in rendered if not one["kind"].startswith("Cluster")]
    # The platform's chart service does not look for one that is not said.
    yield from (f"{one['kind']} says no namespace" for one in namespaced if not one["metadata"].get("namespace"))


def _of_pod(deployment: Mapping[str, Any], rendered: tuple[Document, ...]) -> Iterator[str]:
    spec = deployment["spec"]
    pod = spec["template"]["spec"]
    if not spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items():
        yield "its selector finds other pods"
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounted: set[str] = set()
    for name, container in containers(deployment).items():
        paths = [mount["mountPath"] for mount in container["volumeMounts"]]
        yield from (f"{name} mounts {path} twice" for path in set(paths) if paths.count(path) > 1)
        mounted |= {mount["name"] for mount in container["volumeMounts"]}
        variables = [one["name"] for one in container.get("env", [])]
        yield from (f"{name} has {one} twice" for one in set(variables) if variables.count(one) > 1)
        yield from _of_probes(name, container)
        yield from _of_files(name, container)
    if mounted != set(volumes):
        yield f"volumes and mounts differ by {sorted(mounted ^ set(volumes))}"
    yield from _of_references(pod, rendered)


def _of_probes(name: str, container: Mapping[str, Any]) -> Iterator[str]:
    ports = {port["name"] for port in container.get("ports", [])}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container.get(probe, {}).get("httpGet", {}).get("port")
        if asked is not None and asked not in ports:
            yield f"{name}: {probe} asks port {asked}, which it does not have"


def _of_files(name: str, container: Mapping[str, Any]) -> Iterator[str]:
    """Certificates and configurations that arguments and variables name lie in something mounted."""
    said = [*container.get("args", []), *(value or "" for value in environment(container).values())]
    paths = {part for text in said for part in text.split("=") if part.startswith(("/certs/", "/etc/buildkit/"))}
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    yield from (
        f"{name} names {path}, which is not mounted"
        for path in sorted(paths)
        if not any(path == mount or path.startswith(f"{mount}/") for mount in mounts)
    )


def _of_references(pod: Mapping[str, Any], rendered: tuple[Document, ...]) -> Iterator[str]:
    maps, claims = of_kind(rendered, "ConfigMap"), of_kind(rendered, "PersistentVolumeClaim")
    for volume in pod["volumes"]:
        if "configMap" in volume and volume["configMap"]["name"] not in maps:
            yield f"there is no ConfigMap {volume['configMap']['name']}"
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim and claim not in claims and not claim.startswith("my-"):
            yield f"there is no claim {claim}"


def _of_service(service: Mapping[str, Any], deployments: Mapping[str, Document]) -> Iterator[str]:
    selector = service["spec"]["selector"].items()
    found = [one for one in deployments.values() if selector <= one["spec"]["template"]["metadata"]["labels"].items()]
    if len(found) != 1:
        yield f"it finds {len(found)} Deployments"
        return
    ports = {port["name"] for one in containers(found[0]).values() for port in one.get("ports", [])}
    aimed = [port["targetPort"] for port in service["spec"]["ports"]]
    yield from (f"no container has port {port}" for port in aimed if port not in ports)


def _of_ingress(ingress: Mapping[str, Any], services: Mapping[str, Document]) -> Iterator[str]:
    for rule in ingress["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            ports = {port["name"] for port in services.get(backend["name"], {"spec": {"ports": []}})["spec"]["ports"]}
            if backend["port"]["name"] not in ports:
                yield f"no Service {backend['name']} has port {backend['port']['name']}"
