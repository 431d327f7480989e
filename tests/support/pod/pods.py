"""Reading of a pod: the template of a Deployment or StatefulSet, or a pod by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.support.pod.containers import container, who
from tests.support.pod.errors import NotKnownError, PodError
from tests.support.pod.fields import Fields
from tests.support.pod.quantities import quantity
from tests.support.pod.spec import ContainerSpec, File, PodSpec, Security, Source, Volume

_PLACING = ("nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "priorityClassName", "nodeName")
_SOURCES = ("configMap", "secret", "downwardAPI", "serviceAccountToken")


def pod(meta: Fields, spec: Fields, owner: str, namespace: str) -> PodSpec:
    """Read a pod of the given owner, e.g. ``Deployment/edk``."""
    with meta, spec:
        labels, annotations = meta.mapping("labels"), meta.mapping("annotations")
        meta.only("creationTimestamp", None)
        for name in _PLACING:
            spec.without_effect(name, "there is one node")
        spec.without_effect("imagePullSecrets", "the engine pulls with what it knows")
        spec.without_effect("automountServiceAccountToken", "there is no API server, hence no token")
        for name in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
            spec.only(name, False)
        spec.only("hostUsers", True)
        spec.only("restartPolicy", "Always")
        spec.only("dnsPolicy", "ClusterFirst")
        spec.only("schedulerName", "default-scheduler")
        account = spec.text("serviceAccountName", "default")
        spec.only("serviceAccount", None, account)
        of_pod, fs_group, once, groups = _security(spec.inner("securityContext"))
        read = PodSpec(
            owner=owner,
            name=owner.partition("/")[2],
            namespace=namespace,
            labels=labels,
            annotations=annotations,
            initial=tuple(_initial(one, of_pod) for one in spec.each("initContainers")),
            containers=tuple(container(one, of_pod, initial=False) for one in spec.each("containers")),
            volumes={one.name: one for one in map(_volume, spec.each("volumes"))},
            fs_group=fs_group,
            fs_group_once=once,
            groups=groups,
            grace=float(spec.take("terminationGracePeriodSeconds", 30)),
            service_account=account,
            service_links=bool(spec.take("enableServiceLinks", True)),
            aliases=tuple(_aliases(spec)),
        )
    _complete(read)
    return read


def _initial(fields: Fields, of_pod: Security) -> ContainerSpec:
    fields.only("restartPolicy", None)
    return container(fields, of_pod, initial=True)


def _security(fields: Fields) -> tuple[Security, int | None, bool, tuple[int, ...]]:
    with fields:
        fields.only("sysctls", [])
        fields.only("supplementalGroupsPolicy", "Merge")
        once = fields.text("fsGroupChangePolicy", "Always") == "OnRootMismatch"
        fs_group, groups = fields.take("fsGroup", None), tuple(fields.take("supplementalGroups", []))
        return replace(Security(), **who(fields, Security())), fs_group, once, groups


def _aliases(spec: Fields) -> Iterator[tuple[str, str]]:
    for one in spec.each("hostAliases"):
        with one:
            address = one.text("ip")
            for name in one.texts("hostnames"):
                yield name, address


def _volume(fields: Fields) -> Volume:
    with fields:
        name = fields.text("name")
        if "persistentVolumeClaim" in fields:
            with fields.inner("persistentVolumeClaim") as claim:
                return Volume(name, "claim", claim.text("claimName"), read_only=bool(claim.take("readOnly", False)))
        if "emptyDir" in fields:
            with fields.inner("emptyDir") as empty:
                medium, limit = empty.text("medium", ""), empty.take("sizeLimit", 0)
                if medium not in ("", "Memory"):
                    raise NotKnownError(f"{empty.path}: the runner does not know the medium {medium!r}")
                size = int(quantity(limit, f"{empty.path}.sizeLimit"))
                if size and not medium:
                    empty.notes.append(f"{empty.path}.sizeLimit: kept for medium Memory alone")
                return Volume(name, "memory" if medium else "emptyDir", size=size)
        if "projected" in fields:
            with fields.inner("projected") as projected:
                mode = int(projected.take("defaultMode", 0o644))
                files = [file for one in projected.each("sources") for file in _projected(one, mode)]
                return Volume(name, "files", files=tuple(files), read_only=True)
        return Volume(name, "files", files=tuple(_projected(fields, 0o644)), read_only=True)


def _projected(fields: Fields, mode: int) -> Iterator[File]:
    """Read one source of files; those of a volume by itself name their object otherwise than those of a projection."""
    with fields:
        kind = next((one for one in _SOURCES if one in fields), None)
        if kind is None or kind == "serviceAccountToken":
            return  # leaves the context with what is not known: there is no API server that makes tokens
        with fields.inner(kind) as source:
            mode = int(source.take("defaultMode", mode))
            if kind == "downwardAPI":
                for item in source.each("items"):
                    with item, item.inner("fieldRef") as wanted:
                        wanted.only("apiVersion", "v1")
                        yield File(item.text("path"), Source("field", wanted.text("fieldPath")), mode)
                return
            name = source.take("secretName") if "secretName" in source else source.text("name")
            optional, items = bool(source.take("optional", False)), list(source.each("items"))
            if not items:
                yield File("/", Source(kind, name, optional=optional), mode)  # type: ignore[arg-type]
            for item in items:
                with item:
                    where = Source(kind, name, item.text("key"), optional)  # type: ignore[arg-type]
                    yield File(item.text("path"), where, int(item.take("mode", mode)))


def claim_volumes(templates: Any, owner: str) -> dict[str, str]:
    """Return the claims that a StatefulSet makes for its first pod, by the name of the volume."""
    return {one["metadata"]["name"]: f"{one['metadata']['name']}-{owner}-0" for one in templates or []}


def _complete(read: PodSpec) -> None:
    """Fail where a mount names no volume, or two containers are called the same."""
    both = (*read.initial, *read.containers)
    if len({one.name for one in both}) < len(both) or not read.containers:
        raise PodError(f"{read.owner}: no container, or two of one name")
    for one in both:
        for mount in one.mounts:
            if mount.volume not in read.volumes:
                raise PodError(f"{read.owner}: {one.name} mounts {mount.volume!r}, which is no volume of the pod")
        paths = [mount.path for mount in one.mounts]
        if len(set(paths)) < len(paths):
            raise PodError(f"{read.owner}: {one.name} mounts two volumes at one place")
