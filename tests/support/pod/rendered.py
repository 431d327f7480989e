"""From the output of ``helm template`` to pods, services, objects and claims."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from tests.support.pod.errors import NotKnownError, PodError
from tests.support.pod.fields import Fields
from tests.support.pod.pods import claim_volumes, pod
from tests.support.pod.quantities import quantity
from tests.support.pod.spec import ContainerSpec, PodSpec, Probe, Rendered, ServicePort, ServiceSpec, Volume

# Objects that are there for the API server, an ingress controller or a network plugin, of which none is here.
_ELSEWHERE = {
    "ServiceAccount": "there is no API server",
    "Role": "there is no API server",
    "RoleBinding": "there is no API server",
    "Namespace": "names need none here",
    "Ingress": "there is no ingress controller",
    "Middleware": "there is no ingress controller",
    "NetworkPolicy": "the bridge keeps none",
    "PodDisruptionBudget": "nobody drains a node here",
    "PersistentVolume": "claims are folders here",
}
# Seconds that a hurried probe waits for an answer at least: the machine may be busy.
_SHORTEST = 2
_META = ("name", "namespace", "labels", "annotations", "creationTimestamp")


def read(text: str, namespace: str = "default", hurry: float = 1) -> Rendered:
    """Read rendered manifests; an object or field that is not known is an error.

    Args:
        text: YAML documents.
        namespace: of objects that name none.
        hurry: divides the pauses between probes.
    """
    reading = _Reading(namespace)
    for document in yaml.safe_load_all(text):
        if document:
            reading.take(document)
    return hurried(reading.result(), hurry) if hurry != 1 else reading.result()


def hurried(rendered: Rendered, times: float) -> Rendered:
    """Return the same with probes that are asked so many times as often; starting takes the time that it takes."""

    def sooner(probe: Probe | None) -> Probe | None:
        if probe is None:
            return None
        timeout = min(probe.timeout, max(_SHORTEST, probe.timeout / times))
        return replace(
            probe, initial_delay=probe.initial_delay / times, period=probe.period / times, timeout=timeout
        )

    def container(one: ContainerSpec) -> ContainerSpec:
        return replace(one, liveness=sooner(one.liveness), readiness=sooner(one.readiness))

    pods = (replace(pod, containers=tuple(map(container, pod.containers))) for pod in rendered.pods)
    return replace(rendered, pods=tuple(pods))


class _Reading:
    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.pods: list[PodSpec] = []
        self.services: list[ServiceSpec] = []
        self.objects: dict[tuple[str, str, str], Mapping[str, bytes]] = {}
        self.claims: dict[tuple[str, str], int] = {}
        self.notes: list[str] = []

    def take(self, document: dict[str, Any]) -> None:
        kind, meta = document.get("kind", ""), document.get("metadata") or {}
        path = f"{kind}/{meta.get('name', '?')}"
        namespace = meta.get("namespace") or self.namespace
        if kind in _ELSEWHERE:
            self.notes.append(f"{path}: {_ELSEWHERE[kind]}")
            return
        hook = (meta.get("annotations") or {}).get("helm.sh/hook")
        if hook == "test":
            self.notes.append(f"{path}: a test of helm's, not a part of the release")
            return
        if hook:
            raise NotKnownError(f"{path}: the runner does not know the hook {hook!r}")
        with Fields(document, path, self.notes) as fields:
            fields.take("apiVersion")
            fields.take("kind")
            fields.without_effect("status", "made by the cluster")
            with fields.inner("metadata") as about:
                for name in _META:
                    about.take(name, None)
            self._by_kind(kind)(fields, meta["name"], namespace)

    def _by_kind(self, kind: str) -> Any:
        known = {
            "Deployment": self._deployment,
            "StatefulSet": self._stateful_set,
            "Service": self._service,
            "ConfigMap": self._config_map,
            "Secret": self._secret,
            "PersistentVolumeClaim": self._claim,
        }
        if kind not in known:
            raise NotKnownError(f"the runner does not know objects of kind {kind!r}")
        return known[kind]

    def _deployment(self, fields: Fields, name: str, namespace: str) -> None:
        with fields.inner("spec") as spec:
            spec.without_effect("strategy", "an update stops the old pod first")
            spec.without_effect("progressDeadlineSeconds", "shown in the deployment's status alone")
            self._template(spec, f"Deployment/{name}", namespace)

    def _stateful_set(self, fields: Fields, name: str, namespace: str) -> None:
        with fields.inner("spec") as spec:
            for one in ("updateStrategy", "serviceName", "podManagementPolicy", "persistentVolumeClaimRetentionPolicy"):
                spec.without_effect(one, "there is one pod, and its volumes stay")
            templates = spec.take("volumeClaimTemplates", [])
            self._template(spec, f"StatefulSet/{name}", namespace, claim_volumes(templates, name))
            for one in templates:
                made = {**one, "metadata": {**one["metadata"], "name": f"{one['metadata']['name']}-{name}-0"}}
                self.take({"apiVersion": "v1", "kind": "PersistentVolumeClaim", **made})

    def _template(self, spec: Fields, owner: str, namespace: str, claims: Mapping[str, str] | None = None) -> None:
        spec.without_effect("revisionHistoryLimit", "no history is kept")
        spec.only("minReadySeconds", 0)
        replicas = spec.take("replicas", 1)
        with spec.inner("selector") as selector:
            wanted = selector.mapping("matchLabels")
        with spec.inner("template") as template:
            template_spec = template.inner("spec")
            if claims:
                volumes = template_spec.take("volumes", [])
                made = [{"name": one, "persistentVolumeClaim": {"claimName": claim}} for one, claim in claims.items()]
                whole = {**template_spec.rest(), "volumes": [*volumes, *made]}
                template_spec = Fields(whole, template_spec.path, self.notes)
            read_pod = pod(template.inner("metadata"), template_spec, owner, namespace)
        if not wanted.items() <= read_pod.labels.items():
            raise PodError(f"{owner}: its selector {wanted} does not fit its pod's labels; a cluster refuses it")
        if replicas == 1:
            self.pods.append(read_pod)
        elif replicas:
            raise NotKnownError(f"{owner}: the runner does not know more than one replica")

    def _service(self, fields: Fields, name: str, namespace: str) -> None:
        with fields.inner("spec") as spec:
            kind = spec.take("type", "ClusterIP")
            if kind not in ("ClusterIP", "NodePort") or "clusterIP" in spec:
                raise NotKnownError(f"{spec.path}: the runner does not know type {kind!r} with this clusterIP")
            spec.only("sessionAffinity", "None")
            not_ready = bool(spec.take("publishNotReadyAddresses", False))
            spec.only("internalTrafficPolicy", "Cluster")
            spec.only("externalTrafficPolicy", "Cluster", "Local")
            spec.only("ipFamilyPolicy", None, "SingleStack", "PreferDualStack")
            ports = tuple(_service_port(one) for one in spec.each("ports"))
            self.services.append(ServiceSpec(name, namespace, spec.mapping("selector"), ports, not_ready))

    def _config_map(self, fields: Fields, name: str, namespace: str) -> None:
        fields.only("immutable", False, True)
        data = {key: value.encode() for key, value in fields.mapping("data").items()}
        binary = {key: base64.b64decode(value) for key, value in fields.mapping("binaryData").items()}
        self.objects["configMap", namespace, name] = {**data, **binary}

    def _secret(self, fields: Fields, name: str, namespace: str) -> None:
        fields.only("immutable", False, True)
        fields.take("type", None)
        plain = {key: value.encode() for key, value in fields.mapping("stringData").items()}
        data = {key: base64.b64decode(value) for key, value in fields.mapping("data").items()}
        self.objects["secret", namespace, name] = {**data, **plain}

    def _claim(self, fields: Fields, name: str, namespace: str) -> None:
        with fields.inner("spec") as spec:
            for one in ("accessModes", "storageClassName", "volumeMode", "selector", "volumeName"):
                spec.without_effect(one, "claims are folders here")
            with spec.inner("resources") as resources, resources.inner("requests") as requests:
                resources.only("limits", None)
                self.claims[namespace, name] = int(quantity(requests.take("storage"), requests.path))

    def result(self) -> Rendered:
        for one in self.pods:
            _claims_known(one, self.claims)
        names = [(one.namespace, one.name) for one in self.pods]
        if len(set(names)) < len(names):
            raise PodError(f"two pods of one name among {names}")
        return Rendered(
            tuple(self.pods), tuple(self.services), self.objects, self.claims, tuple(dict.fromkeys(self.notes))
        )


def _service_port(fields: Fields) -> ServicePort:
    with fields:
        fields.only("protocol", "TCP")
        fields.without_effect("appProtocol", "bytes are passed on")
        port = int(fields.take("port"))
        target, node_port = fields.take("targetPort", port), int(fields.take("nodePort", 0))
        return ServicePort(fields.text("name", ""), port, target, node_port)


def _claims_known(one: PodSpec, claims: Mapping[tuple[str, str], int]) -> None:
    def known(volume: Volume) -> bool:
        return volume.kind != "claim" or (one.namespace, volume.claim) in claims

    missing = [volume.claim for volume in one.volumes.values() if not known(volume)]
    if missing:
        raise PodError(f"{one.owner}: no PersistentVolumeClaim named {', '.join(missing)} is rendered")

