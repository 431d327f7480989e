"""cluster.sh without a cluster: what it refuses, and that it tells so. With one: tests/e2e/cluster."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("arguments", [[], ["start"], ["up", "now"], ["down", "--all"]])
def test_wrong_usage_is_answered_with_the_usage(project, run, arguments):
    """Nothing is started or ended for what is not understood."""
    done = run(project / "scripts/cluster.sh", *arguments)

    assert 2 == done.returncode
    assert "scripts/cluster.sh up" in done.stderr


def test_help_says_what_it_needs(project, run):
    """Who reads it knows what it takes before half of it is installed."""
    done = run(project / "scripts/cluster.sh", "--help")

    assert 0 == done.returncode
    assert "Needs: Linux, root" in done.stdout
    assert "set -eu" not in done.stdout


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("/run/cluster", "/run/cluster"),
        ("/var/lib/cluster", "/var/lib"),
        ("/tmp/../run/cluster", "/run/cluster"),
        ("/tmp/" + "long/" * 20, "too long"),
    ],
)
@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_a_place_that_the_node_hides_or_cannot_name_is_refused(project, run, command, place, why):
    """The node has its own /run, /var/lib and /var/log, and sockets have short paths."""
    done = run(project / "scripts/cluster.sh", command, EDK_CLUSTER_DIR=place)

    assert 4 == done.returncode
    assert why in done.stderr
    assert "EDK_CLUSTER_DIR" in done.stderr


def test_without_a_cluster_status_is_1_and_the_rest_says_what_to_do(project, run, state):
    """`down` has nothing to do then, which is no error."""
    script = project / "scripts/cluster.sh"

    assert 1 == run(script, "status").returncode
    for arguments in (["load", "localhost:32000/x:1"], ["run", "true"]):
        done = run(script, *arguments)
        assert 4 == done.returncode
        assert "scripts/cluster.sh up" in done.stderr
    assert 0 == run(script, "down").returncode


def test_down_removes_its_folder_and_leaves_what_is_beside_it(project, run, state):
    """A cluster that a restart of the machine ended leaves files, and they are ours to remove."""
    (state / "cluster/logs").mkdir(parents=True)
    (state / "cluster/made-by-cluster.sh").touch()
    (state / "other").write_text("stays")

    assert 0 == run(project / "scripts/cluster.sh", "down").returncode
    assert not (state / "cluster").exists()
    assert "stays" == (state / "other").read_text()


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_folder_of_the_users_own_is_not_touched(project, run, tmp_path, command):
    """EDK_CLUSTER_DIR may be a mistake."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("mine")

    done = run(project / "scripts/cluster.sh", command, EDK_CLUSTER_DIR=str(tmp_path / "mine"))

    assert 4 == done.returncode
    assert "was not made by this script" in done.stderr
    assert "mine" == (tmp_path / "mine/file").read_text()
