"""What the manifests of images in the registry say that they are made of, and what is wrong with these manifests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edk.domain.archive_events import Fault
from edk.domain.errors import DigestMismatchError, RegistryUnreachableError
from edk.domain.oci import Index, MalformedManifestError, Manifest, read_manifest
from edk.domain.requests import ManifestInfo
from edk.domain.shipping import Subject
from edk.domain.verifying import Remedies
from edk.ports import Registry


@dataclass(frozen=True, slots=True)
class Part:
    """A blob that an image is made of; `what` is its place in it."""

    what: str
    digest: str
    size: int


@dataclass(slots=True)
class Looked:
    """What the manifests of an image say.

    Args:
        subject: the image.
        digests: that its tags point at, with the tags.
        parts: every blob of every platform.
        faults: found so far.
    """

    subject: Subject
    digests: dict[str, list[str]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class Look:
    """Reads the manifests of images.

    Args:
        registry: the registry.
        remedies: say what heals what.
        tag_target: digest that a tag's file in the registry's storage holds; empty if that is not known.
    """

    def __init__(self, registry: Registry, remedies: Remedies, tag_target: Callable[[str, str], str]) -> None:
        self._registry = registry
        self._remedies = remedies
        self._tag_target = tag_target

    def at(self, subject: Subject) -> Looked:
        """Return what stands under an image's tags."""
        found = Looked(subject)
        for tag in subject.tags:
            self._reference(found, tag, f"tag {tag}")
        return found

    def _reference(self, found: Looked, reference: str, what: str) -> None:
        """Read the manifest at a tag or digest, and those of its platforms."""
        subject = found.subject
        try:
            held = self._registry.manifest(subject.repository, reference)
        except DigestMismatchError as error:
            digest = self._digest_at(subject, reference)
            remedy = self._remedies.of_blob(subject, digest, there=True)
            found.faults.append(Fault("corrupt", f"manifest of {what}", digest, 0, error.message, remedy))
            return
        except RegistryUnreachableError as error:
            self._registry.ping()
            target = self._tag_target(subject.repository, reference)
            remedy = self._remedies.of_tag(subject, reference, target)
            problem = f"the registry is well, but fails at it: {error.message}"
            found.faults.append(Fault("corrupt", what, target, 0, problem, remedy))
            return
        if held is None:
            remedy = self._remedies.of_missing(subject)
            found.faults.append(Fault("missing", what, "", 0, "the registry has nothing there", remedy))
            return
        known = held[0].digest in found.digests
        if reference in subject.tags:
            found.digests.setdefault(held[0].digest, []).append(reference)
        if not known:
            self._manifest(found, held, what)

    def _digest_at(self, subject: Subject, reference: str) -> str:
        if reference.startswith("sha256:"):
            return reference
        info = self._registry.head(subject.repository, reference)
        return info.digest if info else ""

    def _manifest(self, found: Looked, held: tuple[ManifestInfo, bytes], what: str) -> None:
        info, content = held
        try:
            manifest = read_manifest(content, info.media_type)
        except MalformedManifestError as error:
            remedy = self._remedies.of_blob(found.subject, info.digest, there=False)
            problem = f"it is what its digest says, but no manifest: {error}"
            found.faults.append(Fault("corrupt", f"manifest of {what}", info.digest, info.size, problem, remedy))
            return
        if isinstance(manifest, Index):
            for child in manifest.manifests:
                self._reference(found, child.digest, f"platform {child.platform or child.digest}")
            return
        found.parts.extend(_parts(manifest))


def _parts(manifest: Manifest) -> list[Part]:
    """Return configuration and layers with their places."""
    count = len(manifest.layers)
    layers = [Part(f"layer {n} of {count}", blob.digest, blob.size) for n, blob in enumerate(manifest.layers, 1)]
    return [Part("configuration", manifest.config.digest, manifest.config.size), *layers]
