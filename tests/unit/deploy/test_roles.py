"""What the containers of the pod start, by their roles: the real scripts with programs that only tell what they got."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.certificates import openssl
from tests.support.command import ROOT

IMAGE = ROOT / "deploy/image"
FAKE = """#!/bin/sh
printf '%s' "${0##*/}" >>"$TOLD"
for word in "$@"; do printf ' %s' "$word" >>"$TOLD"; done
printf '\\n' >>"$TOLD"
exit "${FAKE_EXIT:-0}"
"""


class Container:
    """A folder that stands for a container's file system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.extensions = root / "clone" / "extensions"
        self.told = root / "told"
        for folder in (self.home, self.extensions.parent, root / "bin", root / "tmp"):
            folder.mkdir(parents=True)
        for program in ("edk", "code-server", "registry"):
            (root / "bin" / program).write_text(FAKE)
            (root / "bin" / program).chmod(0o755)
        shutil.copy(IMAGE / "edk/edk-pod-certificates", root / "bin")

    def run(self, *words: str, script: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a role."""
        environ = {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "TMPDIR": str(self.root / "tmp"),
            "EDK_EXTENSIONS_DIR": str(self.extensions),
            "EDK_EDITOR_SETTINGS": str(IMAGE / "edk/settings.json"),
            "TOLD": str(self.told),
        } | variables
        program = script or IMAGE / "edk/edk-pod"
        return subprocess.run([program, *words], env=environ, capture_output=True, text=True, check=False, timeout=60)

    def lines(self) -> list[str]:
        """What the programs were told."""
        return self.told.read_text().splitlines() if self.told.exists() else []


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """A container, in a folder with a blank in its name."""
    return Container(tmp_path / "a container")


def test_editor_opens_without_a_password_behind_the_platforms_login(container: Container) -> None:
    """The settings come first; neither telemetry nor a look for updates."""
    done = container.run("editor")

    assert 0 == done.returncode, done.stderr
    setup, server = container.lines()
    settings = container.home / ".local/share/code-server/User/settings.json"
    assert f"edk code-server setup --dir {container.extensions} --user-settings {settings}" == setup
    assert server.startswith("code-server --auth none --bind-addr 0.0.0.0:8080 ")
    assert {"--disable-telemetry", "--disable-update-check"} <= set(server.split())
    assert server.endswith(" /kaapana/app")


def test_editor_asks_for_a_password_if_there_is_one(container: Container) -> None:
    """It is given by the environment, and never on a command line."""
    for name in ("PASSWORD", "HASHED_PASSWORD"):
        container.told.unlink(missing_ok=True)
        container.run("editor", **{name: "geheim"})

        assert "code-server --auth password" in container.lines()[-1]
        assert "geheim" not in container.told.read_text()


def test_editor_makes_the_extensions_folder(container: Container) -> None:
    """A volume is empty at first."""
    container.run("editor")

    assert container.extensions.is_dir()


def test_settings_of_the_platform_are_written_once(container: Container) -> None:
    """Afterwards they are the user's."""
    settings = container.home / ".local/share/code-server/User/settings.json"
    container.run("editor")
    first = json.loads(settings.read_text())
    settings.write_text("{}")
    container.run("editor")

    assert first["chat.disableAIFeatures"] is True
    assert "off" == first["telemetry.telemetryLevel"]
    assert "{}" == settings.read_text()


def test_editor_starts_where_its_settings_cannot_be_read(container: Container) -> None:
    """A broken tasks.json is mended in the editor, so the editor has to come up."""
    setup = container.root / "bin/edk"
    setup.write_text(FAKE.replace('"${FAKE_EXIT:-0}"', "2"))
    done = container.run("editor")

    assert 0 == done.returncode
    assert "settings of code-server stay as they are" in done.stderr
    assert container.lines()[-1].startswith("code-server ")


def test_watcher_watches_the_extensions_folder_and_tells_its_health(container: Container) -> None:
    """Further arguments go on to it."""
    container.run("watcher", "--poll")

    assert [f"edk watch --dir {container.extensions} --health 0.0.0.0:8081 --poll"] == container.lines()
    assert container.extensions.is_dir()


def test_page_listens(container: Container) -> None:
    """Its path behind a proxy is in the environment, where edk page itself looks."""
    container.run("page", EDK_PAGE_PATH="/local-registry-ui")

    assert ["edk page --listen 0.0.0.0:8082"] == container.lines()


def test_home_that_cannot_be_written_to_is_replaced(container: Container) -> None:
    """The watcher's root file system is read-only, and git, helm and buildctl want a home."""
    done = container.run("run", "sh", "-c", 'printf %s "$HOME"', HOME="/nowhere")

    assert str(container.root / "tmp/home") == done.stdout


@pytest.mark.parametrize("words", [(), ("edit",), ("run",), ("certificates",)])
def test_what_is_no_role_is_refused(container: Container, words: tuple[str, ...]) -> None:
    """With the exit code of wrong usage."""
    done = container.run(*words)

    assert 2 == done.returncode
    assert "edk-pod" in done.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_certificates_are_good_for_one_use_each(container: Container, tmp_path: Path) -> None:
    """The builder's pair lets nobody build; both are by one authority, whose key is gone, and never was on a disk."""
    certs = tmp_path / "certs"
    (certs / "builder/.new.killed").mkdir(parents=True)
    done = container.run("certificates", str(certs), TMPDIR="/nowhere")

    assert 0 == done.returncode, done.stderr
    assert ["ca.pem", "cert.pem", "key.pem"] == sorted(p.name for p in (certs / "builder").iterdir())
    assert ["ca.pem", "cert.pem", "key.pem"] == sorted(p.name for p in (certs / "client").iterdir())
    ca = certs / "client/ca.pem"
    for side, purpose, other in (("builder", "sslserver", "sslclient"), ("client", "sslclient", "sslserver")):
        openssl("verify", "-x509_strict", "-CAfile", ca, "-purpose", purpose, certs / side / "cert.pem")
        with pytest.raises(AssertionError):
            openssl("verify", "-CAfile", ca, "-purpose", other, certs / side / "cert.pem")
        assert 0o600 == (certs / side / "key.pem").stat().st_mode & 0o777
    for name in ("localhost", "127.0.0.1"):
        kind = "-verify_ip" if name[0].isdigit() else "-verify_hostname"
        openssl("verify", "-CAfile", ca, kind, name, certs / "builder/cert.pem")
    assert ["builder", "client"] == sorted(p.name for p in certs.iterdir())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_certificates_are_made_anew_at_each_start(container: Container, tmp_path: Path) -> None:
    """A pair of a former start is worth nothing."""
    certs = tmp_path / "certs"
    container.run("certificates", str(certs))
    old = tmp_path / "old.pem"
    shutil.copy(certs / "client/cert.pem", old)
    container.run("certificates", str(certs))

    openssl("verify", "-CAfile", certs / "builder/ca.pem", certs / "client/cert.pem")
    with pytest.raises(AssertionError):
        openssl("verify", "-CAfile", certs / "builder/ca.pem", old)


@pytest.mark.parametrize(
    ("given", "run"),
    [
        (("/etc/docker/registry/config.yml",), "registry serve /etc/docker/registry/config.yml"),
        (("serve", "/a.yml"), "registry serve /a.yml"),
        (("garbage-collect", "/a.yml"), "registry garbage-collect /a.yml"),
        (("--version",), "registry --version"),
        (("edk", "x"), "edk x"),
    ],
)
def test_registry_takes_what_the_public_image_takes(container: Container, given: tuple[str, ...], run: str) -> None:
    """A configuration alone is served, commands are the registry's, anything else is run as it is."""
    container.run(*given, script=IMAGE / "registry/entrypoint.sh")

    assert [run] == container.lines()
