"""The script that makes the workers' certificates, with the real openssl."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest
import yaml

from tests.support.certificates import SCRIPT, make_certificates, openssl

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates by the defaults, in a folder with a blank in its name."""
    folder = tmp_path_factory.mktemp("certificates of workers")
    done = make_certificates(folder, "--san", "10.0.0.7", "--san", "build.example.org")
    assert 0 == done.returncode, done.stderr
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("side", "purpose", "other"), [("server", "sslserver", "sslclient"), ("client", "sslclient", "sslserver")]
)
def test_each_pair_is_good_for_one_use(made: Path, side: str, purpose: str, other: str) -> None:
    """A worker's pair lets nobody build, and who builds can't pass for a worker."""
    pair = made / side / "cert.pem"
    openssl("verify", "-x509_strict", "-CAfile", made / "ca.pem", "-purpose", purpose, pair)

    with pytest.raises(AssertionError):
        openssl("verify", "-CAfile", made / "ca.pem", "-purpose", other, pair)


def test_a_pair_signs_no_other(made: Path) -> None:
    """Only the authority does, and it signs no further authority."""
    assert "CA:FALSE" in openssl("x509", "-in", made / "client/cert.pem", "-noout", "-text")
    assert "CA:TRUE, pathlen:0" in openssl("x509", "-in", made / "ca.pem", "-noout", "-text")


@pytest.mark.parametrize(
    "name",
    [
        "buildkitd",
        "buildkitd.services",
        "buildkitd.services.svc",
        "buildkitd.services.svc.cluster.local",
        "buildkitd-0.buildkitd",
        "buildkitd-5.buildkitd.services.svc",
        "buildkitd-17.buildkitd.services.svc.cluster.local",
        "localhost",
        "build.example.org",
    ],
)
def test_workers_are_known_by_every_name(made: Path, name: str) -> None:
    """All at once, one of them, and what was asked for."""
    assert "does match" in openssl("x509", "-in", made / "server/cert.pem", "-noout", "-checkhost", name)


def test_workers_are_known_by_addresses(made: Path) -> None:
    """Those of this machine, and what was asked for; nobody else's."""
    for address, known in (("127.0.0.1", True), ("10.0.0.7", True), ("10.0.0.8", False)):
        said = openssl("x509", "-in", made / "server/cert.pem", "-noout", "-checkip", address)
        assert known == ("does match" in said)


def test_nobody_else_reads_a_key(made: Path) -> None:
    """Also not the Secrets, which hold them."""
    assert {0o600} == {path.stat().st_mode & 0o777 for path in made.rglob("*") if path.is_file()}


def test_the_secrets_hold_the_pairs_and_never_the_authority(made: Path) -> None:
    """As the manifests and buildctl's --tlsdir name them."""
    secrets = {s["metadata"]["name"]: s for s in yaml.safe_load_all((made / "secrets.yaml").read_text())}

    assert {"buildkit-server-certs", "buildkit-client-certs"} == set(secrets)
    for side in ("server", "client"):
        secret = secrets[f"buildkit-{side}-certs"]
        found = {name: base64.b64decode(value) for name, value in secret["data"].items()}
        assert contents(made / side) == found
        assert "services" == secret["metadata"]["namespace"]
    assert base64.b64encode((made / "ca.key").read_bytes())[:60].decode() not in (made / "secrets.yaml").read_text()


def test_what_is_there_stays(made: Path) -> None:
    """A second run changes nothing, whatever else it is asked for."""
    before = contents(made)

    done = make_certificates(made, "--days", "10", "--name", "buildkitd")

    assert 0 == done.returncode
    assert before == contents(made)
    assert not list(made.glob("new.*"))


def test_what_is_missing_is_made(tmp_path: Path) -> None:
    """By the same authority."""
    make_certificates(tmp_path)
    before = contents(tmp_path)
    shutil.rmtree(tmp_path / "client")

    assert 0 == make_certificates(tmp_path).returncode

    after = contents(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert {"client/key.pem", "client/cert.pem", "secrets.yaml"} == changed


@pytest.mark.parametrize(("option", "authority"), [("--renew", False), ("--renew-ca", True)])
def test_renewing(tmp_path: Path, option: str, authority: bool) -> None:
    """New pairs by the same authority, or by a new one; either way they hang together."""
    make_certificates(tmp_path)
    before = contents(tmp_path)

    assert 0 == make_certificates(tmp_path, option).returncode

    after = contents(tmp_path)
    assert authority == (before["ca.key"] != after["ca.key"])
    for side in ("server", "client"):
        assert before[f"{side}/key.pem"] != after[f"{side}/key.pem"]
        openssl("verify", "-CAfile", tmp_path / "ca.pem", tmp_path / side / "cert.pem")


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("ca.key", "one is missing"),
        ("server/key.pem", "one is missing"),
        ("client/cert.pem", "one is missing"),
        ("ca.key ca.pem", "not the authority that signed them"),
    ],
)
def test_half_of_something_is_not_guessed_at(tmp_path: Path, gone: str, said: str) -> None:
    """It stays as it is, and is told."""
    make_certificates(tmp_path)
    for name in gone.split():
        (tmp_path / name).unlink()
    before = contents(tmp_path)

    done = make_certificates(tmp_path)

    assert 2 == done.returncode
    assert said in done.stderr
    assert before == contents(tmp_path)


def test_a_pair_that_does_not_belong_together_is_told(tmp_path: Path) -> None:
    """A key that was renewed without its certificate, or another authority's pair."""
    make_certificates(tmp_path)
    shutil.copy(tmp_path / "client/key.pem", tmp_path / "server/key.pem")

    done = make_certificates(tmp_path)

    assert 2 == done.returncode
    assert "--renew" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--days", "0"],
        ["--days", "12345"],
        ["--replicas", "two"],
        ["--namespace", "Not a name"],
        ["--name", "-x"],
        ["--san", "a,b"],
        ["--san"],
        ["--what"],
    ],
)
def test_refuses_what_makes_no_sense(tmp_path: Path, options: list[str]) -> None:
    """With exit code 2, and nothing is made."""
    done = make_certificates(tmp_path / "x", *options)

    assert 2 == done.returncode
    assert done.stderr.startswith("certs: error: ")
    assert not (tmp_path / "x").exists()


def test_applies_the_secrets_by_kubectl(tmp_path: Path) -> None:
    """If asked to; else it only says how."""
    tools = tmp_path / "tools"
    tools.mkdir()
    kubectl = tools / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/asked"\n')
    kubectl.chmod(0o755)

    path = f"{tools}:/usr/local/bin:/usr/bin:/bin"
    assert "now: kubectl apply -f" in make_certificates(tmp_path / "c", path=path).stderr
    assert not (tmp_path / "asked").exists()
    done = make_certificates(tmp_path / "c", "--apply", path=path)

    assert 0 == done.returncode
    assert ["apply", "-f", str(tmp_path / "c/secrets.yaml")] == (tmp_path / "asked").read_text().splitlines()


def test_the_script_is_sound() -> None:
    """By shellcheck, where it is installed."""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    import subprocess

    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True, check=False)
    assert "" == done.stdout
