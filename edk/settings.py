"""The settings: one frozen value, from flags over environment over ``edk.yaml`` over defaults, validated once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, get_args

from edk.config_file import ConfigFile, convert, read_config
from edk.domain.errors import UsageError
from edk.domain.progress import PROGRESS
from edk.domain.reference_mode import ReferenceMode
from edk.setting_layers import Layers, Origin, Origins
from edk.setting_names import ENVIRONMENT, flag_of

if TYPE_CHECKING:
    from edk.domain.checking.config import CheckRules

__all__ = ["ENVIRONMENT", "KINDS", "Settings", "Sourced", "load_settings", "load_sourced"]

DEFAULT_REGISTRY = "localhost:32000"
DEFAULT_WORKSPACE = "/kaapana/app"
DEFAULT_REPOSITORY = "https://github.com/kaapana/kaapana"
PROXY_NAMES = ("http_proxy", "https_proxy", "no_proxy", "ftp_proxy", "all_proxy")
CONFIG_NAME = "edk.yaml"
PATIENT_DATA = ("warn", "refuse", "allow")
BUILDERS = ("auto", "docker", "buildkit")
ATTESTATIONS = ("provenance", "sbom")
COMPRESSIONS = ("gzip", "zstd", "estargz", "uncompressed")
MAX_JOBS = 1000
_PLATFORMS = re.compile(r"[a-z0-9]+/[A-Za-z0-9_./-]+(,[a-z0-9]+/[A-Za-z0-9_./-]+)*")
_ENGINE_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may be set; see ``docs/configuration.md`` for each one's flag, variable and key.

    Args:
        extensions_dir: folder of all extensions.
        repo_path: clone of the platform's repository; need not exist.
        repo_url: where `edk init` clones it from.
        build_branch: branch of the platform; empty: the remote's default.
        build_version: version of the platform, the tag of images; may be a ``git describe``.
        registry: name of the local registry in references written into images and charts.
        registry_push: the same registry's address from where the EDK and the engine are.
        platform_registry: the registry that the platform was deployed from.
        docker_host: address of the engine; empty: as the docker command finds it. The one that the set-up started, or
            found, where none is named and none is at the usual place.
        classic_builder: use the classic builder though the engine has BuildKit.
        builder: ``auto``, ``docker`` or ``buildkit``.
        buildkit_host: addresses of BuildKit daemons, separated by commas; empty: one that `edk builder up` started.
        buildkit_tls: folder with ``ca.pem``, ``cert.pem`` and ``key.pem`` for them; empty: no TLS.
        build_secrets: id → file, for RUN steps that mount secrets.
        ssh: agents and keys for RUN steps that mount them.
        cache_registry: host and path under which build caches are kept; empty: nowhere.
        attestations: what BuildKit puts into an image's index: ``provenance``, ``sbom``.
        sbom_generator: image that makes BuildKit's bills of materials; empty: BuildKit's own.
        compression: of new layers, where BuildKit builds; empty: its own choice.
        kube_helm_url: address of kube-helm; empty: charts are not uploaded.
        volume_path: where image archives for the platform are put.
        install_timeout: seconds in which the platform has to delete a release, and in which it has to be ready again.
        state_dir: where state, logs, staged charts and archives go.
        jobs: builds at once.
        jobs_asked: whether anybody said how many.
        worker_jobs: builds at once on each of several BuildKit daemons.
        retries: further attempts where infrastructure failed.
        build_timeout: seconds for one image; 0: none.
        max_context_bytes: a context larger than this is warned about.
        base_overrides: upstream reference → the one to use instead.
        mirrors: registry host (and path) of upstream references → the one to use instead.
        build_args: passed to every Dockerfile that declares them.
        exclude: patterns of paths that are not read, relative to the root.
        network: of RUN steps; empty: the engine's default.
        platform: e.g. ``linux/amd64``; empty: the engine's own.
        allowed_frontends: prefixes of ``# syntax=`` images that may run; others are left out in the stream.
        references: what the copies of operators, DAGs and charts name the images by that are built here: ``digest``,
            ``tag``, or ``as-written``.
        build_cache_limit: what `edk prune --build-cache` leaves of the engine's build cache, e.g. ``20GB``.
        daemon_cache_limit: cache of a BuildKit daemon of our own above which garbage is collected, e.g. ``20GB``.
        daemon_jobs: steps that such a daemon runs at once; 0: as many as `jobs`.
        proxies: proxy variables that are passed to builds.
        quiet_save: seconds after a plain save before it is built.
        quiet_burst: seconds without any other event before what came in a burst is built.
        quiet_removal: the same where something was removed or moved away.
        watch_health: address at which `edk watch` tells of its health; empty: nowhere.
        watch_frozen: seconds without a turn of its loop after which it says that it hangs.
        attest: whether provenance, and a bill of materials if there is one, go to the registry beside the image.
        sbom: whether a bill of materials is made of each image that is built.
        patient_data: what to do about DICOM and NIfTI files in a context: ``warn``, ``refuse`` or ``allow``.
        allow_data: patterns of paths, relative to the root, that are not looked into for data and credentials.
        check: what each ``edk.yaml`` says about `edk check`, the nearest first.
        keep_records: how many provenance records, and bills of materials, are kept.
        page_listen: where `edk page` listens, as ``host:port``.
        page_hosts: names by which its pages may be asked for beside that and this machine's, with commas between.
        page_path: path below which the pages lie for browsers; empty: the root.
        page_forwarded_prefix: whether a proxy in front may say that path, as ``X-Forwarded-Prefix``.
        progress: how builds are shown: ``auto``, ``board``, ``plain`` or ``json``.
        source_date_epoch: seconds since the epoch that images are said to be made at; -1: when they are.
        config_files: the files that were read, nearest first.
    """

    extensions_dir: str = f"{DEFAULT_WORKSPACE}/kaapana/extensions"
    repo_path: str = f"{DEFAULT_WORKSPACE}/kaapana"
    repo_url: str = DEFAULT_REPOSITORY
    build_branch: str = ""
    build_version: str = "0.0.0"
    registry: str = DEFAULT_REGISTRY
    registry_push: str = ""
    platform_registry: str = ""
    docker_host: str = ""
    classic_builder: bool = False
    builder: str = "auto"
    buildkit_host: str = ""
    buildkit_tls: str = ""
    build_secrets: tuple[tuple[str, str], ...] = ()
    ssh: tuple[str, ...] = ()
    cache_registry: str = ""
    attestations: tuple[str, ...] = ()
    sbom_generator: str = ""
    compression: str = ""
    kube_helm_url: str = ""
    volume_path: str = "/kaapana/minio/edk-to-minio"
    install_timeout: int = 180
    state_dir: str = ""
    jobs: int = 0
    jobs_asked: bool = False
    worker_jobs: int = 4
    retries: int = 3
    build_timeout: int = 0
    max_context_bytes: int = 2 << 30
    base_overrides: tuple[tuple[str, str], ...] = ()
    mirrors: tuple[tuple[str, str], ...] = ()
    build_args: tuple[tuple[str, str], ...] = ()
    exclude: tuple[str, ...] = ()
    network: str = ""
    platform: str = ""
    allowed_frontends: tuple[str, ...] = ()
    references: ReferenceMode = "digest"
    build_cache_limit: str = "20GB"
    daemon_cache_limit: str = "20GB"
    daemon_jobs: int = 0
    proxies: tuple[tuple[str, str], ...] = ()
    quiet_save: float = 0.03
    quiet_burst: float = 0.2
    quiet_removal: float = 0.6
    watch_health: str = ""
    watch_frozen: int = 120
    attest: bool = False
    sbom: bool = False
    patient_data: str = "warn"
    allow_data: tuple[str, ...] = ()
    check: tuple[CheckRules, ...] = ()
    keep_records: int = 1000
    page_listen: str = "127.0.0.1:8082"
    page_hosts: str = ""
    page_path: str = ""
    page_forwarded_prefix: bool = False
    progress: str = "auto"
    source_date_epoch: int = -1
    config_files: tuple[str, ...] = ()

    @property
    def push_host(self) -> str:
        """Return the address that pushes and look-ups go to."""
        return self.registry_push or self.registry

    def log_path(self, image: str) -> str:
        """Return where the full log of an image's last build goes."""
        return self.state_path("logs", log_name(image))

    def state_path(self, *parts: str) -> str:
        """Return a path in the state folder."""
        return os.path.join(self.state_dir, *parts)  # noqa: PTH118 - pathlib costs 10 ms of every start


def log_name(image: str) -> str:
    """Return the name of an image's log file; names of images may hold slashes."""
    return f"{image.replace('/', '_')}.log"


NOT_CONFIGURABLE = frozenset({"proxies", "config_files", "state_dir", "source_date_epoch", "jobs_asked"})
WORDS: dict[str, tuple[str, ...]] = {
    "references": get_args(ReferenceMode),
    "patient_data": PATIENT_DATA,
    "builder": BUILDERS,
    "compression": ("", *COMPRESSIONS),
    "attestations": ATTESTATIONS,
    "progress": PROGRESS,
}
"""Field → what it, or each of its entries, may be."""
BOUNDS: dict[str, tuple[int, int | None]] = {
    "jobs": (0, MAX_JOBS),
    "worker_jobs": (1, MAX_JOBS),
    "watch_frozen": (1, 86400),
    **dict.fromkeys(
        ("install_timeout", "retries", "build_timeout", "max_context_bytes", "keep_records", "daemon_jobs"), (0, None)
    ),
}
"""Field → the least and the greatest number that it may be; None: no such limit."""
_KIND_OF = {field.name: str(field.type) for field in fields(Settings)}
_USUAL_SOCKET = "/var/run/docker.sock"
KINDS = {name: kind for name, kind in _KIND_OF.items() if name not in NOT_CONFIGURABLE}


def default_state_dir(environ: Mapping[str, str]) -> str:
    """Return the state folder by the XDG rules; without HOME one below ``/tmp`` of this user."""
    home = environ.get("XDG_STATE_HOME") or (
        environ["HOME"] + "/.local/state" if environ.get("HOME") else f"/tmp/edk-{os.getuid()}"  # noqa: S108
    )
    return f"{home}/edk"


@dataclass(frozen=True, slots=True)
class Sourced:
    """Settings, with where each value comes from.

    Args:
        settings: the settings.
        origins: field → of its value, or of each entry of a map or a joined list; a field that is not in it has its
            default. See `edk.setting_layers.Layers`.
    """

    settings: Settings
    origins: Mapping[str, tuple[Origins, ...]]


def load_settings(
    environ: Mapping[str, str],
    flags: Mapping[str, object],
    config_dirs: tuple[str, ...],
) -> Settings:
    """Return the settings; see `load_sourced`."""
    return load_sourced(environ, flags, config_dirs).settings


def load_sourced(
    environ: Mapping[str, str],
    flags: Mapping[str, object],
    config_dirs: tuple[str, ...],
) -> Sourced:
    """Return the settings with where they come from.

    Args:
        environ: the environment.
        flags: fields given on the command line; None means not given.
        config_dirs: folders whose ``edk.yaml`` counts, nearest first; that of the state folder is the last.

    Raises:
        UsageError: a value is not of its kind, a key is unknown, or a file can't be read.
    """
    state_dir = str(flags.get("state_dir") or environ.get("EDK_STATE_DIR") or default_state_dir(environ))
    layers = Layers()
    config_files: list[str] = []
    for folder in reversed((*config_dirs, state_dir)):
        path = f"{folder}/{CONFIG_NAME}"
        config = read_config(path, KINDS)
        if config is not None:
            config_files.insert(0, path)
            _put_file(layers, path, config)
    for field, names in ENVIRONMENT.items():
        for name in names:
            if environ.get(name, "") != "":
                value = convert(_KIND_OF[field], environ[name], f"environment variable {name}")
                layers.put(field, value, Origin("environment", name))
                break
    for field, value in flags.items():
        if value is not None:
            layers.put(field, value, Origin("flag", flag_of(field)))
    if "docker_host" not in layers.values and not environ.get("DOCKER_CONTEXT"):
        _put_engine_of_set_up(layers, f"{state_dir}/env")
    return Sourced(_validated(_settings(layers.values, environ, state_dir, config_files)), layers.origins)


def _put_engine_of_set_up(layers: Layers, record: str) -> None:
    """Put the engine that the set-up wrote down (scripts/setup.d/engine.sh), where none is at the usual place."""
    if os.path.exists(_USUAL_SOCKET):  # noqa: PTH110 - pathlib costs 10 ms of every start
        return
    try:
        with open(record, encoding="utf-8") as file:  # noqa: PTH123
            name, _, address = file.readline().strip().partition("=")
    except (OSError, ValueError):
        return
    if name == "DOCKER_HOST" and os.path.exists(address.removeprefix("unix://")):  # noqa: PTH110
        layers.put("docker_host", address, Origin("file", f"{record}:1"))


def _put_file(layers: Layers, path: str, config: ConfigFile) -> None:
    """Put what a file says over what farther ones say."""
    for field, value in config.values.items():
        if field == "check":
            rules = tuple(replace(each, source=path) for each in value)
            layers.put(field, rules, Origin("file", f"{path}:{config.lines[field]}"))
            continue
        each = tuple(Origin("file", f"{path}:{line}") for line in config.entries[field])
        layers.put(field, value, Origin("file", f"{path}:{config.lines[field]}"), each)


def _settings(
    values: Mapping[str, Any], environ: Mapping[str, str], state_dir: str, config_files: Sequence[str]
) -> Settings:
    """Return the settings with what is worked out from elsewhere."""
    worked_out = {
        "proxies": tuple(
            (name, environ[name]) for base in PROXY_NAMES for name in (base, base.upper()) if environ.get(name)
        ),
        "state_dir": state_dir,
        "jobs_asked": bool(values.get("jobs")),
        "config_files": tuple(config_files),
    }
    return Settings(**{**values, **worked_out})


def _validated(settings: Settings) -> Settings:
    _check_bounds(settings)
    if not settings.registry.strip("/"):
        raise UsageError("registry is empty", f"for example {DEFAULT_REGISTRY}")
    jobs = settings.jobs or min(8, 2 * (os.cpu_count() or 2))
    for field in ("registry", "registry_push", "platform_registry", "cache_registry"):
        value = getattr(settings, field)
        if "://" in value or any(c.isspace() for c in value):
            raise UsageError(
                f"{field} is {value!r}, which is not a registry's name",
                "write host:port without http://, for example localhost:32000",
            )
    _check_engine_words(settings)
    _check_words(settings)
    return replace(
        settings,
        jobs=jobs,
        registry=settings.registry.rstrip("/"),
        registry_push=settings.registry_push.rstrip("/"),
        platform_registry=settings.platform_registry.rstrip("/"),
        extensions_dir=settings.extensions_dir.rstrip("/") or "/",
        page_path=settings.page_path.rstrip("/"),
        repo_path=settings.repo_path.rstrip("/") or "/",
    )


def _check_bounds(settings: Settings) -> None:
    """Raise UsageError where a number is too small or too great."""
    for field, (least, most) in BOUNDS.items():
        value = getattr(settings, field)
        if most is None and value < least:
            raise UsageError(f"{field} must not be negative, but is {value}")
        if most is not None and not least <= value <= most:
            raise UsageError(f"{field} must be between 1 and {most}, not {value}", "for example 4")


def _check_words(settings: Settings) -> None:
    """Raise UsageError where a setting is none of its words."""
    for field, known in WORDS.items():
        value = getattr(settings, field)
        for word in value if isinstance(value, tuple) else (value,):
            if word not in known:
                raise UsageError(f"{field} is {word!r}", f"write one of {', '.join(filter(None, known))}")


def _check_engine_words(settings: Settings) -> None:
    if settings.platform and not _PLATFORMS.fullmatch(settings.platform):
        raise UsageError(
            f"platform is {settings.platform!r}", "write OS/ARCH, for example linux/amd64; several with commas between"
        )
    if settings.network and not _ENGINE_WORD.fullmatch(settings.network):
        raise UsageError(f"network is {settings.network!r}", "write default, none, host or a network's name")
