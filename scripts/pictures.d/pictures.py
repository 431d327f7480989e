"""Which pictures there are: one entry each, a real command in a copy of the examples."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """One picture.

    Args:
        name: of the file in ``docs/images``, without its ending.
        command: what is run, as somebody types it; ``edk`` is the command line of this checkout.
        columns: width of the terminal.
        until: take the picture when this is on the screen, then interrupt; empty: the whole output, at the end.
        before: shell commands that are run first, unseen; copy and state are made anew for each picture.
        keys: pressed before `until` is waited for.
    """

    name: str
    command: str
    columns: int = 100
    until: str = ""
    before: str = ""
    keys: str = ""


BREAK_STEP = "sed -i 's|^COPY files/.*|&\\nRUN python3 -m compileall -q . \\&\\& python3 -c \"import itk\"|' "
OTSUS = "otsus-method/processing-containers/otsus-method"
BREAK_SOURCES = (
    "sed -i 's|{DEFAULT_REGISTRY}/otsus-method:|{DEFAULT_REGISTRY}/otsus-metod:|' "
    "$(grep -rl '{DEFAULT_REGISTRY}/otsus-method:' otsus-method --include='*.py'); "
    f"sed -i 's|^LABEL IMAGE=.*|&\\n&|' {OTSUS}/Dockerfile"
)

PAST = "edk build --dir lung-toolkit --no-import --no-cache >/dev/null"
TALKS = f"echo 'RUN for i in 1 2 3 4; do echo step $i; sleep 0.4; done' >>{OTSUS}/Dockerfile"
SAVES = (
    "edk build --dir otsus-method --no-import --no-cache >/dev/null; for i in 1 2; do "
    f"echo '# once more' >>{OTSUS}/files/otsus_method.py; edk build --dir otsus-method --no-import >/dev/null; done; "
    f"{BREAK_STEP} {OTSUS}/Dockerfile; edk build --dir otsus-method --no-import >/dev/null || :"
)

PICTURES = (
    Picture("board", "edk build --dir lung-toolkit --force --jobs 3", 110, until="6 of 16 built", before=PAST),
    Picture("board-narrow", "edk build --dir lung-toolkit --force --jobs 3", 48, until="6 of 16 built", before=PAST),
    Picture("board-logs", "edk build -v --dir otsus-method --no-cache", 100, until="| step 3", before=TALKS),
    Picture(
        "board-failure", "edk build --dir otsus-method", 100, before=f"{BREAK_STEP} {OTSUS}/Dockerfile"
    ),
    Picture("terminal-doctor", "edk doctor", 110),
    Picture("terminal-check", "edk check --dir otsus-method", 110, before=BREAK_SOURCES),
    Picture("terminal-graph", "edk graph --dir lung-toolkit", 100),
    Picture("terminal-history", "edk history", 130, before=SAVES),
)
