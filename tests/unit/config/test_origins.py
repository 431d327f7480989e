"""Where each setting comes from, and how it is shown."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from edk.cli import main, parser
from edk.commands.wiring import sourced_of
from edk.setting_layers import Origin
from edk.setting_names import ENVIRONMENT, flag_of
from edk.settings import KINDS, Sourced, load_sourced

NEAR = """
# the extension's own
build_args:
  network: in a map
  TOKEN: very-secret
  INDEX: https://me:pass-word@example.org/simple
network: host
exclude:
- near
"""
FAR = "retries: 1\nnetwork: none\nbuild_args: {TOKEN: other, B: far}\nexclude: [far]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An extension with an edk.yaml, and another one in the state folder."""
    for name in {name for names in ENVIRONMENT.values() for name in names} | {"http_proxy", "HTTP_PROXY"}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path / "state"))
    for name, text in {"state": FAR, "extension": NEAR}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "edk.yaml").write_text(text)
    return tmp_path / "extension"


def sourced(folder: Path, environ: dict[str, str] | None = None, flags: dict[str, object] | None = None) -> Sourced:
    """The settings of an extension."""
    state = {"EDK_STATE_DIR": str(folder.parent / "state")}
    return load_sourced({**state, **(environ or {})}, flags or {}, (str(folder),))


def line(folder: Path, number: int) -> Origin:
    """A line of the extension's file."""
    return Origin("file", f"{folder}/edk.yaml:{number}")


def far(folder: Path, number: int) -> Origin:
    """A line of the file in the state folder."""
    return Origin("file", f"{folder.parent}/state/edk.yaml:{number}")


def test_the_nearest_layer_stands_first_and_those_it_outdoes_behind_it(folder: Path) -> None:
    """Flag, variable, near file, far file."""
    found = sourced(folder, {"EDK_NETWORK": "default"}, {"network": "bridge"})

    expected = (Origin("flag", "--network"), Origin("environment", "EDK_NETWORK"), line(folder, 7), far(folder, 2))
    assert (expected,) == found.origins["network"]
    assert "bridge" == found.settings.network


def test_what_nobody_names_has_no_origin(folder: Path) -> None:
    """It is the default."""
    assert "jobs" not in sourced(folder).origins


def test_each_entry_of_a_map_has_its_own_line(folder: Path) -> None:
    """Also where one is called as a setting is; an entry that is outdone is told."""
    found = sourced(folder, flags={"build_args": (("B", "flag"),)})

    origins = dict(zip(dict(found.settings.build_args), found.origins["build_args"], strict=True))
    assert (line(folder, 5), far(folder, 3)) == origins["TOKEN"]
    assert (line(folder, 4),) == origins["network"]
    assert (Origin("flag", "--build-arg"), far(folder, 3)) == origins["B"]


def test_each_entry_of_a_joined_list_has_its_own_line(folder: Path) -> None:
    """The far file's entries and those of the near one."""
    found = sourced(folder)

    assert ("far", "near") == found.settings.exclude
    assert ((far(folder, 4),), (line(folder, 9),)) == found.origins["exclude"]


def test_a_folder_named_twice_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extensions folder asked for itself, its file outdoes nothing of its own."""
    monkeypatch.setenv("EDK_EXTENSIONS_DIR", str(folder))

    found = sourced_of(argparse.Namespace(), [str(folder)])

    assert ("far", "near") == found.settings.exclude


def test_every_flag_that_an_origin_names_is_one(folder: Path) -> None:
    """Each flag of `edk config` that sets something is told by its name."""
    known = {"jobs": "--jobs", "platform": "--platform", "references": "--references", "attest": "--attest"}
    known |= {"build_args": "--build-arg", "build_secrets": "--build-secret", "attestations": "--attestation"}
    commands = next(dict(a.choices) for a in parser()._actions if isinstance(a.choices, dict))

    assert known == {field: flag_of(field) for field in known}
    assert [] == [flag for flag in known.values() if flag not in commands["config"].format_help()]
    for field, flag in {"daemon_cache_limit": "--cache-limit", "daemon_jobs": "--jobs"}.items():
        assert flag == flag_of(field)
        assert flag in commands["builder"].format_help()


def test_the_command_shows_values_and_origins(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each in its line; secrets are masked."""
    assert 0 == main(["config", "--dir", str(folder), "--jobs", "3"])
    shown = capsys.readouterr().out
    rows = {line.split()[0]: line for line in shown.splitlines() if line and line[0] != " "}

    assert rows["jobs"].split() == ["jobs", "3", "--jobs"]
    assert rows["retries"].split() == ["retries", "1", f"{folder.parent}/state/edk.yaml:1"]
    assert f"{folder}/edk.yaml:7, instead of {folder.parent}/state/edk.yaml:2" in rows["network"]
    assert rows["builder"].split() == ["builder", "auto", "default"]
    assert {*KINDS, "state_dir", "proxies"} <= set(rows)
    assert f"read: {folder}/edk.yaml, {folder.parent}/state/edk.yaml" == shown.splitlines()[-1]
    for secret in ("very-secret", "other", "pass-word", "me:"):
        assert secret not in shown.replace("instead", "")


def test_changed_leaves_out_defaults(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what somebody set is left."""
    assert 0 == main(["config", "--dir", str(folder), "--changed"])
    shown = capsys.readouterr().out

    assert "default" not in shown
    assert ["build_args", "exclude", "network", "read:", "retries", "state_dir"] == sorted(
        line.split()[0] for line in shown.splitlines() if line and line[0] != " "
    )


def test_json(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as values; secrets are masked there too."""
    monkeypatch.setenv("EDK_NETWORK", "default")
    monkeypatch.setenv("http_proxy", "http://user:pass@proxy:1")

    assert 0 == main(["config", "--dir", str(folder), "--json", "network", "build_args", "proxies", "jobs"])
    told = json.loads(capsys.readouterr().out)
    rows = {(row["name"], row["entry"]): row for row in told["settings"]}

    assert "edk.config/v1" == told["schema"]
    assert {"kind": "environment", "where": "EDK_NETWORK"} == rows["network", ""]["from"]
    assert f"{folder}/edk.yaml:7" == rows["network", ""]["instead_of"][0]["where"]
    assert "•••" == rows["build_args", "TOKEN"]["value"]
    assert "https://•••@example.org/simple" == rows["build_args", "INDEX"]["value"]
    assert "http://•••@proxy:1" == rows["proxies", "http_proxy"]["value"]
    assert {"kind": "default", "where": ""} == rows["jobs", ""]["from"]


@pytest.mark.parametrize(
    ("name", "hint"), [("job", "did you mean 'jobs'?"), ("qqq", "edk config lists them all")]
)
def test_an_unknown_setting_is_an_error(name: str, hint: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest one that there is."""
    assert 2 == main(["config", name])
    assert f"edk: error: no setting is called {name!r}\n    {hint}\n" == capsys.readouterr().err


def test_an_unknown_key_is_told_with_its_own_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Though a map above has an entry of the same name."""
    (folder / "edk.yaml").write_text("build_args:\n  registy: x\nregisty: y\n")

    assert 2 == main(["config", "--dir", str(folder)])
    assert f"{folder}/edk.yaml:3: unknown key 'registy'\n    did you mean 'registry'?" in capsys.readouterr().err
