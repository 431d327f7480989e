"""The commands in shell: they set up, and pass everything on to edk."""

from pathlib import Path

import pytest

COMMANDS = [
    ("init.sh", "init"),
    ("build_extension.sh", "build"),
    ("scripts/build_image.sh", "build-image"),
    ("scripts/build_chart.sh", "chart"),
]


@pytest.mark.parametrize(("script", "command"), COMMANDS)
def test_passes_all_arguments_as_they_are(project, state, run, script, command):
    """Every argument arrives unchanged, and the modules of the current folder stay out (-P)."""
    arguments = ["--dir", "an extension", "*", "it's", "", "--no-import"]

    done = run(project / script, *arguments)

    expected = ["DOCKER_HOST=", f"EDK_STATE_DIR={state}", "-P", "-m", "edk", command, *arguments]
    assert (0, expected) == (done.returncode, done.stdout.removesuffix("\n").split("\n"))


@pytest.mark.parametrize(("script", "command"), COMMANDS)
def test_works_through_a_link_to_a_link(project, run, tmp_path, script, command):
    """A relative link that points at a link finds the project."""
    (tmp_path / "direct").symlink_to(project / script)
    (tmp_path / "indirect").symlink_to("direct")

    done = run(tmp_path / "indirect", "x")

    assert [command, "x"] == done.stdout.split()[-2:]


def test_ends_with_the_exit_code_of_edk(project, run):
    """What edk says to the caller is what the caller hears."""
    assert 3 == run(project / "build_extension.sh", FAKE_EXIT="3").returncode


def test_is_silent_when_there_is_nothing_to_do(project, run):
    """A complete set-up tells nothing."""
    assert "" == run(project / "build_extension.sh").stderr


def test_help_needs_neither_engine_nor_registry(project, run):
    """Help comes also where nothing else can be had."""
    done = run(project / "build_extension.sh", "--help", cluster=False, EDK_REGISTRY="127.0.0.1:1")

    assert (0, "--help") == (done.returncode, done.stdout.split()[-1])


def test_a_chart_needs_neither_engine_nor_registry(project, run):
    """Charts are packaged without them."""
    assert 0 == run(project / "scripts/build_chart.sh", cluster=False, EDK_REGISTRY="127.0.0.1:1").returncode


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"EDK_STATE_DIR": "", "XDG_STATE_HOME": "{tmp}/xdg", "HOME": "{tmp}/home"}, "xdg/edk"),
        ({"EDK_STATE_DIR": "", "HOME": "{tmp}/home"}, "home/.local/state/edk"),
        ({"EDK_STATE_DIR": "relative"}, "relative"),
    ],
)
def test_tells_edk_where_the_state_is(project, run, tmp_path, variables, folder):
    """The scripts and edk use one folder, by the XDG rules, also when it is given relative."""
    variables = {name: value.format(tmp=tmp_path) for name, value in variables.items()}

    assert f"EDK_STATE_DIR={tmp_path / folder}" in run(project / "init.sh", **variables).stdout


def test_the_state_is_for_its_owner_only(project, run, state):
    """The folder holds an engine's socket, which is root's power."""
    run(project / "init.sh")

    assert 0o700 == Path(state).stat().st_mode & 0o777
