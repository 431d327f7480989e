"""setup.sh with what is there already, stop.sh with what was recorded, and the lock files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NO_OVERRIDE = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Root writes everywhere; with these it is bound to modes as everybody else is."""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away, and takes powers from itself")


def tree_of(folder: Path) -> list[tuple[str, int]]:
    """Return what is in a folder, and when each thing changed."""
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))


def recorded(project: Path, pid: int) -> str:
    """Return the record that the scripts make of a process."""
    command = '. "$1/scripts/setup.d/common.sh"; identity "$2"'
    done = subprocess.run(
        ["sh", "-c", command, "sh", project, str(pid)], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def process():
    """A process that would run for a minute."""
    with subprocess.Popen(["sleep", "60"]) as running:
        yield running
        running.kill()


def test_uses_the_engine_and_the_registry_that_are_there(project, run, state, registry):
    """With both given nothing is started, and edk gets the engine as it was named."""
    state.mkdir()
    (state / "upstream").write_text("reachable\n")

    done = run(
        project / "build_extension.sh", cluster=False, DOCKER_HOST="unix:///given.sock", EDK_REGISTRY=registry
    )

    assert (0, "", "DOCKER_HOST=unix:///given.sock") == (
        done.returncode,
        done.stderr,
        done.stdout.split("\n")[0],
    )
    assert [] == list((state / "started").iterdir())


def test_does_not_start_a_registry_for_an_address_elsewhere(project, run):
    """A registry on another machine is named, with what to do, and the exit code says out of reach."""
    done = run(
        project / "scripts/setup.sh",
        cluster=False,
        DOCKER_HOST="unix:///given.sock",
        EDK_REGISTRY="127.0.0.2:1",
    )

    assert (4, "") == (done.returncode, done.stdout)
    expected = (
        "setup: error: the registry 127.0.0.2:1 does not answer\n  -> start it, or unset EDK_REGISTRY\n"
    )
    assert expected == done.stderr


def test_does_nothing_in_the_cluster(project, run, state):
    """The platform's two variables suffice to know that engine and registry are somebody else's."""
    done = run(
        project / "scripts/setup.sh",
        cluster=False,
        KAAPANA_BUILD_VERSION="0.6.0",
        LOCAL_REGISTRY_URL="local-registry:5000",
        EDK_REGISTRY="127.0.0.2:1",
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert [] == list(state.iterdir())


@AS_ROOT
def test_a_volume_belongs_to_root(project, run, state):
    """In a pod the top of a volume is root's, and the group may write: that is nobody else's folder there."""
    state.mkdir()
    os.chown(state, 12345, 1000)
    inside = run(project / "scripts/setup.sh")
    outside = run(project / "scripts/setup.sh", cluster=False)

    assert (0, "") == (inside.returncode, inside.stderr)
    assert (4, f"setup: error: {state} belongs to somebody else") == (outside.returncode, outside.stderr.split("\n")[0])


@AS_ROOT
def test_a_project_in_an_image(project, run):
    """It can't be written and needs nothing: its environment is taken as it is, whatever it was made from."""
    (project / "requirements.lock").write_text("newer\n")
    (project / ".venv/edk-root").unlink()
    before = tree_of(project)
    project.chmod(0o555)
    done = run(NO_OVERRIDE, project / "init.sh", "--no-bases")

    assert 0 == done.returncode, done.stderr
    assert ["-P", "-m", "edk", "init", "--no-bases"] == done.stdout.splitlines()[-5:]
    assert "" == done.stderr
    assert before == tree_of(project)


@AS_ROOT
def test_a_project_in_a_broken_image(project, run):
    """Nothing is tried that can't work."""
    (project / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n")
    (project / ".venv/edk-root").unlink()
    project.chmod(0o555)
    done = run(NO_OVERRIDE, project / "init.sh")

    expected = f"setup: error: {project} can't be written, and its .venv does not work\n  -> build the image anew\n"
    assert (4, expected) == (done.returncode, done.stderr)


def test_a_changed_lock_is_noticed(project, run):
    """Packages are installed when the lock differs from the one they were installed from."""
    (project / "requirements.lock").write_text("newer\n")

    assert "installing the packages that requirements.lock pins" in run(project / "scripts/setup.sh").stderr


def test_stop_ends_the_recorded_process(project, run, state, process):
    """A process that setup started is stopped, and told; a second stop finds nothing."""
    (state / "started").mkdir(parents=True)
    (state / "started/registry").write_text(recorded(project, process.pid))

    first = run(project / "scripts/stop.sh", "registry")
    second = run(project / "scripts/stop.sh", "registry")

    assert -15 == process.wait(5)
    assert f"stop: stopping registry (process {process.pid})\n" == first.stderr
    assert (0, "stop: registry: nothing of ours runs\n") == (second.returncode, second.stderr)


@pytest.mark.parametrize("field", [1, 2], ids=["start time", "boot"])
def test_stop_spares_a_process_that_got_the_same_number(project, run, state, process, field):
    """A pid that was used again, before or after a restart of the machine, is not ours to kill."""
    fields = recorded(project, process.pid).split()
    fields[field] = "1"
    (state / "started").mkdir(parents=True)
    (state / "started/registry").write_text(" ".join(fields) + "\n")

    done = run(project / "scripts/stop.sh", "registry")

    assert (0, "stop: registry: is gone already\n") == (done.returncode, done.stderr)
    assert process.poll() is None


def test_an_ended_process_that_nobody_collected_does_not_run(project):
    """A zombie still has its number and its start time, but is no engine any more."""
    with subprocess.Popen(["sleep", "60"]) as child:
        child.kill()
        while Path(f"/proc/{child.pid}/stat").read_text().rpartition(") ")[2][0] != "Z":
            pass
        with pytest.raises(subprocess.CalledProcessError):
            recorded(project, child.pid)


def test_stop_refuses_an_unknown_part(project, run):
    """A typing error is a usage error."""
    assert 2 == run(project / "scripts/stop.sh", "registy").returncode


@pytest.mark.parametrize(("path", "status"), [("/v2/", "200"), ("/v2/x/manifests/y", "404")])
def test_asks_without_curl(registry, path, status):
    """The stand-in for curl prints the status alone."""
    ask = [sys.executable, "-I", "-S", ROOT / "scripts/setup.d/ask.py"]

    assert (
        f"{status}\n"
        == subprocess.run([*ask, registry, path], capture_output=True, text=True, check=True).stdout
    )


@pytest.mark.parametrize("address", ["127.0.0.1:1", "/nowhere/docker.sock"])
def test_asks_nobody(address):
    """Where nobody listens the answer is 000, as with curl."""
    ask = [sys.executable, "-I", "-S", ROOT / "scripts/setup.d/ask.py"]

    assert "000\n" == subprocess.run([*ask, address, "/"], capture_output=True, text=True, check=True).stdout


def pins(name: str) -> dict[str, str]:
    """Return package → version of a lock file."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / name).read_text(), re.M))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_hashes_and_no_address(name):
    """A package can come from any index, and only with the content that was locked."""
    text = (ROOT / name).read_text()
    entries = re.split(r"^(?=\w)", text, flags=re.M)[1:]

    assert [] == [entry for entry in entries if "--hash=sha256:" not in entry]
    assert [] == re.findall(r"\w+://\S+|--index\S*|--find-links\S*", text)


def test_both_locks_agree():
    """Development runs on the packages that users get."""
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()
