"""The settings: where a value comes from, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edk.domain.errors import UsageError
from edk.settings import ENVIRONMENT, Settings, default_state_dir, load_settings


def load(
    tmp_path: Path,
    text: str | bytes = "",
    environ: dict[str, str] | None = None,
    flags: dict[str, object] | None = None,
) -> Settings:
    """Settings with an edk.yaml in a folder of an extension, and an empty state folder."""
    folder = tmp_path / "extension"
    folder.mkdir()
    if text:
        (folder / "edk.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    state = {"EDK_STATE_DIR": str(tmp_path / "state")}
    return load_settings({**state, **(environ or {})}, flags or {}, (str(folder),))


def refused(tmp_path: Path, text: str | bytes = "", environ: dict[str, str] | None = None) -> UsageError:
    """The error that something is refused with."""
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text, environ)
    return caught.value


@pytest.mark.parametrize(
    ("text", "environ", "flags", "jobs"),
    [
        ("", {}, {}, min(8, 2 * (os.cpu_count() or 2))),
        ("jobs: 3", {}, {}, 3),
        ("jobs: 3", {"EDK_JOBS": "4"}, {}, 4),
        ("jobs: 3", {"EDK_JOBS": "4"}, {"jobs": 5}, 5),
        ("jobs: 3", {"EDK_JOBS": ""}, {"jobs": None}, 3),
    ],
)
def test_flags_go_before_the_environment_before_files_before_defaults(
    tmp_path: Path, text: str, environ: dict[str, str], flags: dict[str, object], jobs: int
) -> None:
    """The nearest source that says anything wins; an empty variable says nothing."""
    assert jobs == load(tmp_path, text, environ, flags).jobs


@pytest.mark.parametrize("field", sorted(ENVIRONMENT))
def test_every_variable_sets_its_field(tmp_path: Path, field: str) -> None:
    """Each variable of the environment is read."""
    kind = type(getattr(Settings(), field))
    words = {"platform": "linux/arm64", "references": "tag", "patient_data": "refuse"}
    word = {**words, "builder": "docker", "compression": "zstd", "progress": "plain"}.get(field, "x:1")
    text, value = {str: (word, word), int: ("7", 7), float: ("0.5", 0.5), bool: ("yes", True)}[kind]

    assert value == getattr(load(tmp_path, environ={ENVIRONMENT[field][0]: text}), field)


@pytest.mark.parametrize("text", ["-1", "61", "nan", "x", "[1]", "true"])
def test_quiet_periods_are_seconds(tmp_path: Path, text: str) -> None:
    """A quiet period that is no number of seconds up to a minute is refused."""
    assert "expected seconds between 0 and 60" in refused(tmp_path, f"quiet_save: {text}").message


def test_nearer_files_go_before_farther_ones_and_maps_are_merged(tmp_path: Path) -> None:
    """A map is merged key by key, exclusions add up, everything else is replaced."""
    for name, text in {
        "near": "network: none\nbuild_args: {A: near}\nexclude: [near]",
        "far": "network: host\nbuild_args: {A: far, B: far}\nexclude: [far]\nplatform: linux/arm64",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "edk.yaml").write_text(text)
    dirs = (str(tmp_path / "near"), str(tmp_path / "far"))
    settings = load_settings({"EDK_STATE_DIR": str(tmp_path)}, {"build_args": (("C", "flag"),)}, dirs)

    assert ("none", "linux/arm64") == (settings.network, settings.platform)
    assert {"A": "near", "B": "far", "C": "flag"} == dict(settings.build_args)
    assert {"near", "far"} == set(settings.exclude)
    assert tuple(f"{folder}/edk.yaml" for folder in dirs) == settings.config_files


def test_the_file_of_the_state_folder_counts_last(tmp_path: Path) -> None:
    """What a user sets once for all extensions gives way to what an extension says."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "edk.yaml").write_text("network: host\nretries: 1")

    settings = load(tmp_path, "network: none")

    assert ("none", 1) == (settings.network, settings.retries)


def test_all_kinds_of_values_are_read(tmp_path: Path) -> None:
    """Texts, numbers, switches, lists and maps."""
    settings = load(
        tmp_path,
        "build_version: 1\nclassic_builder: true\nexclude: [a, b]\nbase_overrides:\n  ubuntu:24.04: x/y:1\n"
        "mirrors: {docker.io: m}\nbuild_args: {N: 1}\n",
    )

    assert ("1", True, ("a", "b")) == (settings.build_version, settings.classic_builder, settings.exclude)
    assert (("ubuntu:24.04", "x/y:1"),) == settings.base_overrides
    assert ((("docker.io", "m"),), (("N", "1"),)) == (settings.mirrors, settings.build_args)


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "null"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    """No document is as good as no file."""
    assert Settings().retries == load(tmp_path, text).retries


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("jobs: 1\njob: 2", 2, "unknown key 'job'", "did you mean 'jobs'?"),
        ("registy: x", 1, "unknown key 'registy'", "did you mean 'registry'?"),
        ("state_dir: x", 1, "unknown key 'state_dir'", ""),
        ("1: x", 1, "unknown key 1", ""),
        ("\njobs: many", 2, "jobs: expected a whole number, not 'many'", ""),
        ("jobs: true", 1, "jobs: expected a whole number, not True", ""),
        ("jobs: 1.5", 1, "jobs: expected a whole number, not 1.5", ""),
        ("network: [a]", 1, "network: expected text, not ['a']", ""),
        ("network: true", 1, "network: expected text, not True", ""),
        ("network:", 1, "network: expected text, not None", ""),
        ('network: "\\ud800"', 1, "network: expected text, not half of a surrogate pair", ""),
        ("exclude: a", 1, "exclude: expected a list of texts, not 'a'", ""),
        ("exclude: [1]", 1, "exclude: expected a list of texts, not [1]", ""),
        ("build_args: [a]", 1, "build_args: expected keys and texts, not ['a']", ""),
        ("build_args: {a: [b]}", 1, "build_args: expected text, not ['b']", ""),
        ("classic_builder: maybe", 1, "classic_builder: expected true or false, not 'maybe'", ""),
        ("- a", 1, "expected keys and values", ""),
        ("jobs: 1\na: b: c", 2, "not valid YAML: mapping values are not allowed here", "mend this line"),
        ("jobs: 1\n\tx", 2, "not valid YAML", "mend this line"),
        ("a: *x", 1, "not valid YAML: found undefined alias", ""),
        ("a: !!python/object/apply:os.system [true]", 1, "not valid YAML: could not determine a constructor", ""),
        ("? [a]\n: b", 1, "not valid YAML: found unhashable key", ""),
        ("a: 2024-99-99", 1, "not valid YAML: month must be in 1..12", ""),
        ("--- a\n--- b", 2, "not valid YAML", ""),
        (b"a: \xff", 1, "not valid YAML", ""),
        ("[" * 100_000, 1, "values are nested too deeply", ""),
        ("- " * 100_000, 1, "values are nested too deeply", ""),
    ],
)
def test_a_wrong_file_is_told_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, message: str, hint: str
) -> None:
    """The error names file and line, what is wrong, and what to do."""
    error = refused(tmp_path, text)

    assert error.message.startswith(f"{tmp_path}/extension/edk.yaml:{line}: {message}")
    assert hint in error.hint


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"EDK_JOBS": "x"}, "environment variable EDK_JOBS: expected a whole number, not 'x'"),
        ({"EDK_JOBS": "9" * 5000}, "environment variable EDK_JOBS: expected a whole number"),
        ({"EDK_JOBS": "-1"}, "jobs must be between 1 and 1000, not -1"),
        ({"EDK_JOBS": "1001"}, "jobs must be between 1 and 1000, not 1001"),
        ({"EDK_RETRIES": "-1"}, "retries must not be negative, but is -1"),
        ({"EDK_CLASSIC_BUILDER": "perhaps"}, "environment variable EDK_CLASSIC_BUILDER: expected true or false"),
        ({"EDK_REGISTRY": "http://localhost:32000"}, "registry is 'http://localhost:32000', which is not"),
        ({"LOCAL_REGISTRY_URL": "a b"}, "registry_push is 'a b', which is not"),
        ({"EDK_REGISTRY": "/"}, "registry is empty"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    """The error names the variable or the field, and the value."""
    assert refused(tmp_path, environ=environ).message.startswith(message)


def test_a_file_that_is_too_large_is_not_parsed(tmp_path: Path) -> None:
    """A megabyte is no configuration."""
    assert "is larger than" in refused(tmp_path, "#" * ((1 << 20) + 1)).message


@pytest.mark.parametrize("kind", ["fifo", "folder", "device"])
def test_what_is_no_file_is_not_opened(tmp_path: Path, kind: str) -> None:
    """A FIFO would block for ever."""
    path = tmp_path / "edk.yaml"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="is no regular file"):
        load_settings({"EDK_STATE_DIR": str(tmp_path / "state")}, {}, (str(tmp_path),))


def test_slashes_at_the_end_are_dropped(tmp_path: Path) -> None:
    """Names of registries and folders have one form."""
    environ = {"EDK_REGISTRY": "localhost:32000/", "KAAPANA_REPO_PATH": "/k/", "EDK_EXTENSIONS_DIR": "/"}
    settings = load(tmp_path, environ=environ)

    assert ("localhost:32000", "/k", "/") == (settings.registry, settings.repo_path, settings.extensions_dir)


def test_pushes_go_to_the_other_name_if_there_is_one() -> None:
    """Without it both names are the same."""
    assert ("localhost:32000", "r:5000") == (Settings().push_host, Settings(registry_push="r:5000").push_host)


def test_proxies_of_both_spellings_are_passed_on(tmp_path: Path) -> None:
    """Lower and upper case are two variables, and programs look at either."""
    environ = {"http_proxy": "http://a", "HTTP_PROXY": "http://b", "NO_PROXY": "x", "ftp_proxy": ""}

    assert (("http_proxy", "http://a"), ("HTTP_PROXY", "http://b"), ("NO_PROXY", "x")) == load(
        tmp_path, environ=environ
    ).proxies


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/edk"),
        ({"HOME": "/h"}, "/h/.local/state/edk"),
        ({}, f"/tmp/edk-{os.getuid()}/edk"),
    ],
)
def test_where_the_state_is(environ: dict[str, str], folder: str) -> None:
    """By the XDG rules, and somewhere even without a home."""
    assert folder == default_state_dir(environ)


def test_the_engine_of_the_set_up_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody names another one, none is at the usual place, and it is still there."""
    socket, state = tmp_path / "docker.sock", tmp_path / "state"
    state.mkdir()
    socket.touch()
    (state / "env").write_text(f"DOCKER_HOST=unix://{socket}\n")
    monkeypatch.setattr("edk.settings._USUAL_SOCKET", str(tmp_path / "none"))

    def found(**environ: str) -> str:
        return load_settings({"EDK_STATE_DIR": str(state), **environ}, {}, ()).docker_host

    assert f"unix://{socket}" == found()
    assert "unix:///other" == found(DOCKER_HOST="unix:///other")
    assert "" == found(DOCKER_CONTEXT="mine")
    monkeypatch.setattr("edk.settings._USUAL_SOCKET", str(socket))
    assert "" == found()
    monkeypatch.setattr("edk.settings._USUAL_SOCKET", str(tmp_path / "none"))
    for text in ("", "nonsense", "DOCKER_HOST=unix:///nowhere/x", "OTHER=1"):
        (state / "env").write_text(text)
        assert "" == found(), text
    (state / "env").write_bytes(b"\xff\xfe")
    assert "" == found()
