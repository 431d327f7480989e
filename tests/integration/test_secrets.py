"""A secret never leaves: neither to the screen, nor into an event, a log, the state or a label of the image."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

from edk.domain.redaction import MASK
from tests.support.command import Command, Run
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.integration

ECHO = """\
ARG MY_TOKEN
RUN echo "told $MY_TOKEN end" && echo "$MY_TOKEN" >&2 && echo "user:$MY_TOKEN" | base64 && true{then}
"""


@pytest.fixture
def secret() -> str:
    """One that nobody used before, so that no step is cached, and with what URLs encode."""
    return f"s3cret/{uuid.uuid4().hex}+x"


@pytest.fixture(params=["BuildKit", "classic"])
def command(request: pytest.FixtureRequest, edk: Command, secret: str) -> Command:
    """The command line with the secret in its environment, with each builder in turn."""
    classic = {"EDK_CLASSIC_BUILDER": "1"} if request.param == "classic" else {}
    return edk.with_environ(MY_TOKEN=secret, **classic)


def forms(secret: str) -> list[bytes]:
    """Return the secret as it is, URL-encoded, and as the step prints it in base64."""
    shifted = base64.b64encode(f"user:{secret}".encode())
    return [secret.encode(), quote(secret, safe="").encode(), shifted[8:40]]


def shown(run: Run, home: Path) -> dict[str, bytes]:
    """Return all that a run wrote, by where."""
    files = {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    return {"stdout": run.out.encode(), "stderr": run.err.encode(), **files}


def log_of(run: Run) -> str:
    """Return the log of the one image that was built."""
    (started,) = run.named("ImageStarted")
    return Path(started["log"]).read_text()


@pytest.mark.parametrize("arguments", [("--json",), ("-v",), ()], ids=["JSON", "verbose", "lines"])
def test_a_secret_that_a_step_prints_is_nowhere(
    arguments: tuple[str, ...], command: Command, extension: Extension, registry: RegistryReader, secret: str
) -> None:
    """Neither on the surfaces nor in any file of the state; nor in the labels of the image."""
    extension.image("x", ECHO.format(then=""), files={})

    run = command.with_environ(EDK_LOG="debug")(
        "build", "--dir", str(extension.path), "--build-arg", "MY_TOKEN", *arguments
    ).expect(0)

    for form in forms(secret):
        assert [] == [where for where, content in shown(run, command.cwd).items() if form in content]
    assert secret not in json.dumps(registry.labels(extension.name("x"), "1.2.3"))


def test_the_log_of_the_image_holds_the_lines_with_a_mask(command: Command, extension: Extension) -> None:
    """The step did run with the secret; what stands around it is left."""
    extension.image("x", ECHO.format(then=""), files={})

    run = command("build", "--dir", str(extension.path), "--build-arg", "MY_TOKEN", "--json").expect(0)

    lines = log_of(run).splitlines()
    assert f"told {MASK} end" in lines
    assert MASK in lines
    assert 3 <= sum(MASK in line for line in lines)


def test_a_failing_step_shows_its_last_lines_with_a_mask(command: Command, extension: Extension, secret: str) -> None:
    """In the tail of the failure too, on every surface."""
    extension.image("x", ECHO.format(then=" && exit 3"), files={})

    run = command("build", "--dir", str(extension.path), "--build-arg", "MY_TOKEN", "--json").expect(1)

    (failed,) = run.named("ImageFailed")
    assert f"told {MASK} end" in failed["log_tail"]
    for form in forms(secret):
        assert [] == [where for where, content in shown(run, command.cwd).items() if form in content]


def test_a_secret_of_the_configuration_is_one_too(edk: Command, extension: Extension, secret: str) -> None:
    """Whether it comes from the command line or from an edk.yaml, whose own text is the user's."""
    extension.image("x", ECHO.format(then=""), files={})
    extension.write("edk.yaml", f"build_args:\n  MY_TOKEN: '{secret}'\n")

    run = edk("build", "--dir", str(extension.path), "-v").expect(0)

    assert MASK in run.out
    for form in forms(secret):
        assert [] == [where for where, content in shown(run, edk.cwd).items() if form in content]


def test_the_password_of_a_proxy_is_masked(edk: Command, extension: Extension, secret: str) -> None:
    """A step that prints the proxy that was passed to it."""
    extension.image("x", f'RUN echo "by $http_proxy" # {uuid.uuid4().hex}\n', files={})
    password = quote(secret, safe="")
    behind = edk.with_environ(http_proxy=f"http://me:{password}@127.0.0.1:9", no_proxy="localhost,127.0.0.1")

    run = behind("build", "--dir", str(extension.path), "--json").expect(0)

    assert f"by http://me:{MASK}@127.0.0.1:9" in log_of(run).splitlines()
    for form in forms(secret):
        assert [] == [where for where, content in shown(run, edk.cwd).items() if form in content]
