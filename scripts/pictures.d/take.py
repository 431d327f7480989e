"""Runs each command in a terminal in memory, and writes what stands there as an SVG."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pyte
from pictures import PICTURES, Picture
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests.support.screen import InTerminal

ROOT = Path(__file__).parents[2]
SCRATCH = Path("/tmp/kaapana")  # noqa: S108 - short, and the same on every machine, for it is on the pictures
EXTENSIONS = SCRATCH / "extensions"
LINES = 60
_COLOURS = {"brown": "yellow", "brightbrown": "bright_yellow", "default": ""}
# A page that fetches fonts from elsewhere does not show them where there is no network.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "font-family: Fira Code, monospace", "font-family: 'Fira Code', 'DejaVu Sans Mono', ui-monospace, monospace"
)


def main(names: list[str]) -> int:
    """Take the pictures that are named, else all."""
    unknown = set(names) - {picture.name for picture in PICTURES}
    if unknown:
        print(f"there is no picture {', '.join(sorted(unknown))}; there are {', '.join(p.name for p in PICTURES)}")  # noqa: T201
        return 2
    environ = _scratch()
    for picture in PICTURES:
        if not names or picture.name in names:
            target = ROOT / "docs/images" / f"{picture.name}.svg"
            target.write_text(_svg(picture, _lines(picture, environ)), encoding="utf-8")
            print(target.relative_to(ROOT))  # noqa: T201
    shutil.rmtree(SCRATCH)
    return 0


def _scratch() -> dict[str, str]:
    """Make the folder that everything happens in, and return the environment there."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    (SCRATCH / "bin").mkdir(parents=True)
    edk = SCRATCH / "bin/edk"
    edk.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m edk "$@"\n')
    edk.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG", "DOCKER_HOST"}}
    socket = os.environ.get("DOCKER_HOST", "").removeprefix("unix://")
    if socket.startswith("/"):
        (SCRATCH / "docker.sock").symlink_to(socket)
        environ["DOCKER_HOST"] = f"unix://{SCRATCH}/docker.sock"
    path = f"{SCRATCH}/bin:{os.environ['PATH']}"
    return {**environ, "PATH": path, "EDK_STATE_DIR": f"{SCRATCH}/state", "EDK_EXTENSIONS_DIR": str(EXTENSIONS)}


def _lines(picture: Picture, environ: dict[str, str]) -> list[Text]:
    """Run the command of a picture, and return the lines to show."""
    for folder in (EXTENSIONS, SCRATCH / "state"):
        shutil.rmtree(folder, ignore_errors=True)
    (SCRATCH / "state").mkdir()
    shutil.copytree(ROOT / "examples", EXTENSIONS)
    usual = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "edk/edk.yaml"
    if usual.exists():
        # Stand-ins for upstream images on a machine without a hub.
        shutil.copy(usual, SCRATCH / "state/edk.yaml")
    subprocess.run(["sh", "-euc", picture.before or ":"], cwd=EXTENSIONS, env=environ, check=True)
    terminal = InTerminal(
        ["sh", "-c", f"exec {picture.command}"],
        EXTENSIONS,
        {**environ, "TERM": "xterm-256color", "XTERM_VERSION": "1"},
        (picture.columns, LINES if not picture.until else 32),
    )
    try:
        terminal.type(picture.keys.encode())
        if picture.until:
            terminal.sees(picture.until)
        else:
            terminal.end()
        shown = _shown(terminal.screen)
        if picture.until:
            terminal.type(b"\x03")
            terminal.end()
    finally:
        terminal.close()
    return [Text.assemble(("$ ", "green"), picture.command), *shown]


def _shown(screen: pyte.HistoryScreen) -> list[Text]:
    """Return the lines of a screen with their colours, those that left it at its top included."""
    rows = [*screen.history.top, *(screen.buffer[y] for y in range(screen.lines))]
    lines = []
    for row in rows:
        line = Text()
        for x in range(screen.columns):
            cell = row[x]
            colour = _COLOURS.get(cell.fg, cell.fg.replace("bright", "bright_"))
            line.append(cell.data, f"{'bold ' if cell.bold else ''}{_hex(colour)}".strip())
        line.rstrip()
        for here, there in ((sys.executable, ".venv/bin/python"), (str(Path.home()), "~")):
            # Where this checkout and this user live is nobody else's.
            if here in line.plain:
                line = Text(line.plain.replace(here, there))
        lines.append(line)
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def _hex(colour: str) -> str:
    return f"#{colour}" if re.fullmatch(r"[0-9a-f]{6}", colour) else colour


def _svg(picture: Picture, lines: list[Text]) -> str:
    """Return the picture."""
    console = Console(record=True, width=picture.columns, file=io.StringIO(), force_terminal=True)
    for line in lines:
        console.print(line, no_wrap=True, overflow="ignore", crop=False)
    return console.export_svg(title=picture.command, code_format=FORMAT, unique_id=f"edk-{picture.name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
