"""kube-helm over real HTTP, against a stand-in that speaks its protocol."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from edk.adapters.archive import ArchivePackager
from edk.adapters.kube_helm import KubeHelmPlatform, proxy_of
from edk.domain.errors import ChartError, PlatformUnreachableError, UsageError
from tests.fakes.kube_helm import FakeKubeHelm

DEAD_PROXY = {"http_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.fixture
def archive(tmp_path: Path) -> str:
    """A real chart archive whose version was made for kube-helm."""
    folder = tmp_path / "demo-workflow"
    folder.mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: demo-workflow\nversion: 0.6.0+12.g09bb59b20\n")
    return ArchivePackager().package(str(folder), str(tmp_path))


@pytest.mark.parametrize("prefix", ["", "/kube-helm-api"])
def test_a_chart_is_uploaded_under_its_name_and_version(archive: str, prefix: str) -> None:
    """The bytes arrive, and name and version are read rightly at the last hyphen."""
    with FakeKubeHelm(prefix) as kube_helm:
        said = KubeHelmPlatform(kube_helm.url + "/").upload_chart(archive)

        assert "Successfully added chart file fname='demo-workflow'" == said
        assert {"demo-workflow": "0.6.0+12.g09bb59b20"} == kube_helm.charts
        assert {Path(archive).name: Path(archive).read_bytes()} == kube_helm.uploads
        assert [f"POST {prefix}/file"] == kube_helm.requests


def test_a_refused_chart_is_told_as_kube_helm_says_it(tmp_path: Path) -> None:
    """Its text is in the message, with the status."""
    bad = tmp_path / "bad-1.0.0.tgz"
    bad.write_bytes(b"no chart")

    with FakeKubeHelm() as kube_helm, pytest.raises(ChartError) as caught:
        KubeHelmPlatform(kube_helm.url).upload_chart(str(bad))
    assert (
        "kube-helm refused the chart bad-1.0.0.tgz (500): "
        "File upload failed Failed to write chart file bad-1.0.0.tgz" == caught.value.message
    )


def test_an_answer_of_its_framework_is_unwrapped(tmp_path: Path) -> None:
    """The detail of a JSON error is shown, not its wrapping."""
    with FakeKubeHelm() as kube_helm, pytest.raises(ChartError, match=r"\(400\): Container import failed"):
        KubeHelmPlatform(kube_helm.url).import_image("")


def test_an_image_archive_is_imported() -> None:
    """The file's name goes into the query, whatever characters it has."""
    with FakeKubeHelm(images=("a b&c.tar",)) as kube_helm:
        platform = KubeHelmPlatform(kube_helm.url)

        assert "Successfully imported container a b&c.tar" == platform.import_image("a b&c.tar")
        with pytest.raises(ChartError, match=r"Container x\.tar can not be found"):
            platform.import_image("x.tar")


def test_health_is_asked() -> None:
    """An answer of 200 is enough."""
    with FakeKubeHelm("/api") as kube_helm:
        KubeHelmPlatform(kube_helm.url).health()

        assert ["GET /api/health-check"] == kube_helm.requests
        with pytest.raises(PlatformUnreachableError, match="answers 404"):
            KubeHelmPlatform(kube_helm.url.removesuffix("/api")).health()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_without_a_service_is_out_of_reach(archive: str, status: int) -> None:
    """Such an answer is not kube-helm's, and a retry may help."""
    with FakeKubeHelm(answer=(status, "no upstream")) as kube_helm, pytest.raises(PlatformUnreachableError):
        KubeHelmPlatform(kube_helm.url).upload_chart(archive)


def test_a_platform_that_is_away_is_told_with_its_address(archive: str) -> None:
    """Nobody listens: the error names the URL and the cause."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"

    with pytest.raises(PlatformUnreachableError, match=f"kube-helm at {url} does not answer: .*refused"):
        KubeHelmPlatform(url).upload_chart(archive)


def test_a_dead_proxy_does_not_matter_here(archive: str) -> None:
    """A host that is this machine is asked directly, whatever the environment says."""
    with FakeKubeHelm() as kube_helm:
        KubeHelmPlatform(kube_helm.url, DEAD_PROXY).upload_chart(archive)

        assert 1 == len(kube_helm.charts)


@pytest.mark.parametrize(
    ("host", "environ", "expected"),
    [
        ("localhost", DEAD_PROXY, ""),
        ("127.0.0.1", DEAD_PROXY, ""),
        ("10.1.2.3", DEAD_PROXY, ""),
        ("kube-helm-service", DEAD_PROXY, ""),
        ("kube-helm-service.admin.svc", DEAD_PROXY, ""),
        ("kube-helm-service.admin.svc.cluster.local", DEAD_PROXY, ""),
        ("platform.example.org", DEAD_PROXY, "http://127.0.0.1:9"),
        ("platform.example.org", {"HTTP_PROXY": "proxy:3128"}, "http://proxy:3128"),
        ("platform.example.org", {**DEAD_PROXY, "no_proxy": "a, .example.org"}, ""),
        ("platform.example.org", {**DEAD_PROXY, "NO_PROXY": "*"}, ""),
        ("platform.example.org", {}, ""),
    ],
)
def test_only_outside_hosts_have_a_proxy(host: str, environ: dict[str, str], expected: str) -> None:
    """Addresses of the cluster and of this machine are never asked for through one."""
    assert expected == proxy_of("http", host, environ)


@pytest.mark.parametrize("url", ["", "kube-helm:5000", "ftp://kube-helm/", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """The setting is named."""
    with pytest.raises(UsageError, match="KUBE_HELM_URL"):
        KubeHelmPlatform(url)
