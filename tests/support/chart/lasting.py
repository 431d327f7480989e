"""What an upgrade must leave as it is: fields that Kubernetes never lets change, and where data lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.chart.rendering import Document, containers, of_kind


def lasting(rendered: tuple[Document, ...]) -> dict[str, Any]:
    """Return it by names that say what it is."""
    return dict(_all(rendered))


def _all(rendered: tuple[Document, ...]) -> Iterator[tuple[str, Any]]:
    for name, deployment in of_kind(rendered, "Deployment").items():
        yield f"Deployment {_placed(deployment)} selector", deployment["spec"]["selector"]
        yield from ((f"Deployment {name} data of {claim}", found) for claim, found in _data(deployment).items())
    for claim in of_kind(rendered, "PersistentVolumeClaim").values():
        spec = {key: value for key, value in claim["spec"].items() if key != "resources"}
        yield f"PersistentVolumeClaim {_placed(claim)} spec", spec
        yield f"PersistentVolumeClaim {_placed(claim)} annotations", claim["metadata"].get("annotations")
    for service in of_kind(rendered, "Service").values():
        spec = service["spec"]
        yield f"Service {_placed(service)} type", spec["type"]
        yield f"Service {_placed(service)} ports", [(p["name"], p["port"], p.get("nodePort")) for p in spec["ports"]]
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        yield from ((f"{kind} {name} role", one["roleRef"]) for name, one in of_kind(rendered, kind).items())
    yield from ((f"ServiceAccount {name}", True) for name in of_kind(rendered, "ServiceAccount"))


def sizes(rendered: tuple[Document, ...]) -> dict[str, str]:
    """Return the sizes of claims, which may grow, and never shrink."""
    claims = of_kind(rendered, "PersistentVolumeClaim")
    return {name: claim["spec"]["resources"]["requests"]["storage"] for name, claim in claims.items()}


def _placed(document: Mapping[str, Any]) -> str:
    return f"{document['metadata']['namespace']}/{document['metadata']['name']}"


def _data(deployment: Mapping[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """Return by claims where containers have them: container, path, folder in the volume."""
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    claims = {v["name"]: v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v}
    found: dict[str, list[tuple[str, str, str]]] = {claim: [] for claim in claims.values()}
    for name, container in containers(deployment).items():
        for mount in container["volumeMounts"]:
            if mount["name"] in claims:
                where = (name, mount["mountPath"], mount.get("subPath", ""))
                found[claims[mount["name"]]].append(where)
    return {claim: sorted(places) for claim, places in found.items()}
