"""The engine as the judge: what we read of generated Dockerfiles is what it makes of them."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import random
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edk.domain.dockerfile.context import context_rules, unmatched
from edk.domain.dockerfile.ignore import NO_RULES, IgnoreRules, parse_ignore
from edk.domain.dockerfile.model import DockerfileReading
from edk.domain.dockerfile.reading import read_dockerfile
from edk.domain.dockerfile.rewriting import rewrite

pytestmark = pytest.mark.integration

BASES = tuple(f"oracle-dockerfile/{name}:latest" for name in ("one", "two", "three"))


@dataclass(frozen=True)
class Outcome:
    """What the engine made of a build: the image, or its error, and the bases that it looked up."""

    image: str
    error: str
    bases: frozenset[str]


class Engine:
    """The Docker Engine by docker-py's low-level client, with BuildKit."""

    def __init__(self, api: Any, endpoint: str) -> None:
        self.api = api
        self.endpoint = endpoint
        self.images: list[str] = []

    def build(self, dockerfile: bytes, files: Mapping[str, bytes], args: Mapping[str, str] | None = None) -> Outcome:
        """Build by BuildKit; the context is exactly the files given."""
        # A tag keeps the image from others who prune untagged ones on this engine.
        tag = f"oracle-dockerfile/built:{len(self.images)}"
        self.images.append(tag)
        params = {"version": "2", "dockerfile": "Dockerfile", "buildargs": json.dumps(args or {}), "t": tag}
        reply = self.api._post(
            self.api._url("/build"), data=packed({"Dockerfile": dockerfile, **files}), params=params,
            headers={"Content-Type": "application/x-tar"}, stream=True,
        )  # fmt: skip
        image, error, bases = "", "", set()
        with reply:
            lines = reply.content.splitlines()
        for line in filter(None, lines):
            record = json.loads(line)
            error = error or record.get("error") or record.get("message") or ""
            if record.get("id") == "moby.image.id":
                image = record["aux"]["ID"]
            elif record.get("id") == "moby.buildkit.trace":
                bases |= looked_up(base64.b64decode(record["aux"]))
        return Outcome(image, error, frozenset(bases))

    def labels(self, image: str) -> dict[str, str]:
        """Return the labels of an image, without those of the base."""
        return dict(self.api.inspect_image(image)["Config"]["Labels"] or {})

    def contents(self, image: str) -> set[bytes]:
        """Return the contents of all files in an image."""
        if not self.api.inspect_image(image)["RootFS"].get("Layers"):
            return set()
        found: set[bytes] = set()
        with tarfile.open(fileobj=io.BytesIO(b"".join(self.api.get_image(image)))) as saved:
            manifest = json.load(saved.extractfile("manifest.json"))  # type: ignore[arg-type]
            for layer in manifest[0]["Layers"]:
                with tarfile.open(fileobj=saved.extractfile(layer)) as inner:
                    found |= {inner.extractfile(m).read() for m in inner if m.isfile()}  # type: ignore[union-attr]
        return found


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a tar of files; the Dockerfile first, as the engine wants it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def looked_up(trace: bytes) -> set[str]:
    """Return the images whose metadata the trace says are loaded."""
    names = {value for number, vertex in fields(trace) if number == 1 for n, value in fields(vertex) if n == 3}
    start = b"[internal] load metadata for "
    return {name[len(start) :].decode() for name in names if name.startswith(start)}


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the length-delimited fields of a protobuf message."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 2:
            size = varint()
            yield key >> 3, message[at : at + size]
            at += size
        elif key & 7 == 0:
            varint()
        else:
            at += 8 if key & 7 == 1 else 4


@pytest.fixture(scope="module")
def engine(engine_endpoint: str, busybox: str) -> Iterator[Engine]:
    """An engine with BuildKit and three local bases; cleans up what was built."""
    import docker

    api = docker.APIClient(base_url=engine_endpoint, version="auto", timeout=60)
    api.pull(busybox)
    for base in BASES:
        api.tag(busybox, base)
    found = Engine(api, engine_endpoint)
    yield found
    for image in [*found.images, *BASES]:
        with contextlib.suppress(docker.errors.APIError):
            api.remove_image(image)
    api.close()


# --- labels, stages, substitution, bases ---------------------------------------------------------------

WORDS = (  # noqa: SIM905 - a table in one breath
    "x 1.2 a/b name-with.dots ä A=B $A ${A} $B-x ${B:-d} ${C:+alt} $$ \\$A \\\\ ${A:-${B}} #x é$A x$ $1 "
    "${TARGETARCH} % * ~ {} [y]"
).split()
WORDS.append("a\\ b")
WRONG = (  # noqa: SIM905
    "NONSENSE x|LABEL a|LABEL =b|LABEL a=b c|COPY x|ENV|RUN --bad=x y|ONBUILD FROM x|USER|LABEL --x a=b|COPY [1]"
).split("|")
WRONG_FROM = ("FROM", "FROM a b", f"FROM {BASES[0]} #ignore", "FROM $UNDEFINED", "FROM UPPER/x", "FROM x AS 1a")
HARMLESS = ("# comment", "", "   # comment", "WORKDIR /x", 'CMD ["x"]', "USER 1", "EXPOSE 80")
BROKEN = ('"open', "'open", "${A", "${}", "${A:", "${A:!x}")


def value(rnd: random.Random) -> str:
    """Return a value in some quoting; one in forty does not close."""
    if rnd.random() < 0.025:
        return rnd.choice(BROKEN)
    word = rnd.choice(WORDS)
    form = rnd.randrange(6)
    if form == 0:
        return f'"{word} {rnd.choice(WORDS)}"'
    if form == 1:
        return f"'{word} {rnd.choice(WORDS)}'"
    if form == 2:
        return f'"{word}"{rnd.choice(WORDS)}'
    if form == 3:
        return '""'
    return word


def joint(rnd: random.Random) -> str:
    """Return what may stand between two pairs of one instruction."""
    return rnd.choice(
        (" ", " ", "  ", "\t", " \\\n", " \\\n    ", " \\  \n# a comment\n  ", " \\\n\n ", "\\\n  # x\n ")
    )


def pair_line(rnd: random.Random, keyword: str, names: tuple[str, ...]) -> str:
    """Return a LABEL or ENV in the old or the new form."""
    keyword = rnd.choice((keyword, keyword, keyword.lower(), keyword.capitalize()))
    if rnd.random() < 0.2:
        return f"{keyword} {rnd.choice(names)} {value(rnd)} {rnd.choice(WORDS)}"
    pairs = [f"{rnd.choice(names)}={value(rnd)}" for _ in range(rnd.randint(1, 3))]
    line = f"{keyword} {pairs[0]}"
    for pair in pairs[1:]:
        line += joint(rnd) + pair
    return line


def from_line(rnd: random.Random, stages: list[str]) -> str:
    """Return a FROM; one in thirty is wrong."""
    if rnd.random() < 0.03:
        return rnd.choice(WRONG_FROM)
    written = ("scratch", "scratch", *BASES, "$BASE", "${BASE}", f'"{BASES[0]}"', "oracle-dockerfile/${WHO:-two}")
    base = rnd.choice((*written, f"docker.io/{BASES[2]}", *stages, *stages))
    platforms = ("", "", "", "--platform=linux/amd64 ", "--platform=$TARGETPLATFORM ", "--platform=$BUILDPLATFORM \\\n")
    platform = rnd.choice(platforms)
    name = rnd.choice(("", f"s{len(stages)}", f"S{len(stages)}"))
    if not name:
        return f"FROM {platform}{base}"
    stages.append(name.lower())
    return f"{rnd.choice(('FROM', 'from'))} {platform}{base} {rnd.choice(('AS', 'as', 'As'))} {name}"


def instruction(rnd: random.Random, stages: list[str]) -> str:
    """Return an instruction of a stage; one in a hundred is wrong."""
    kind = rnd.randrange(12)
    name = rnd.choice("ABC")
    if kind < 5:
        return pair_line(rnd, "LABEL", ("IMAGE", "VERSION", "A.b", '"q r"', "$A", "X$B"))
    if kind < 7:
        return pair_line(rnd, "ENV", ("A", "B", "C"))
    if kind < 9:
        # An unclosed quote in a default that a build argument replaces: old engines refuse, new ones do not.
        default = value(rnd)
        default = "d" if default in BROKEN else default
        return rnd.choice((f"ARG {name}", f"ARG {name}={default}", "ARG TARGETARCH", "ARG BASE"))
    if kind == 9 and stages:
        return f"COPY --from={rnd.choice((*stages, '0', BASES[1]))} /etc* /x/"
    return rnd.choice(WRONG) if rnd.random() < 0.05 else rnd.choice(HARMLESS)


def dockerfile(seed: int) -> tuple[bytes, dict[str, str]]:
    """Return a Dockerfile and build arguments; the same for the same seed."""
    rnd = random.Random(seed)
    escapes = ("# escape=`", "#escape = \\", "# Escape=`", "# nothing\n# escape=`")
    lines = [rnd.choice(escapes)] if rnd.random() < 0.1 else []
    lines += [f"ARG BASE={rnd.choice(BASES)}"]
    lines += [f"ARG {name}={rnd.choice(WORDS[:8])}" for name in "AB" if rnd.random() < 0.3]
    stages: list[str] = []
    for _ in range(rnd.choice((1, 1, 1, 2, 3))):
        lines.append(from_line(rnd, stages))
        lines += [instruction(rnd, stages) for _ in range(rnd.randint(0, 6))]
    text = "\n".join(lines)
    if lines[0].lower().endswith("escape=`") and "nothing" not in text:
        text = text.replace("\\\n", "`\n").replace("\\  \n", "`  \n")
    raw = text.encode()
    if rnd.random() < 0.1:
        raw = raw.replace(b"\n", b"\r\n")
    if rnd.random() < 0.1:
        raw = b"\xef\xbb\xbf" + raw
    args = {name: rnd.choice(WORDS[:4]) for name in ("A", "C", "WHO") if rnd.random() < 0.2}
    args.update({"WHO": "three"} if "WHO" in args else {})
    return raw, args


def errors(reading: DockerfileReading) -> list[str]:
    """Return the messages of the errors of a reading."""
    return [f"{d.line}: {d.message}" for d in reading.diagnostics if d.severity == "error"]


def normalized(ref: str) -> str:
    """Return a reference as the engine names it."""
    host = ref.split("/", maxsplit=1)[0]
    ref = ref if "." in host or ":" in host else f"docker.io/{ref}"
    return ref if ":" in ref.rsplit("/", 1)[-1] else f"{ref}:latest"


def test_labels_and_bases_are_what_the_engine_makes(engine: Engine) -> None:
    """Labels, bases and refusals of 300 generated Dockerfiles are those of the engine."""
    built = refused = 0
    for seed in range(300):
        content, args = dockerfile(seed)
        reading = read_dockerfile(content, args)
        outcome = engine.build(content, {}, args)
        shown = f"seed {seed}\n{content.decode()}\n{args}\nengine: {outcome}\nread: {errors(reading)}"
        assert bool(outcome.error) == bool(errors(reading)), shown
        if outcome.error:
            refused += 1
            continue
        built += 1
        assert engine.labels(outcome.image) == {label.name: label.value for label in reading.labels}, shown
        needed = {normalized(use.ref) for use in reading.images if use.needed and use.how == "from"}
        assert needed == outcome.bases, shown
    assert (built > 200, refused > 20) == (True, True), (built, refused)


# --- contexts -------------------------------------------------------------------------------------------

NAMES = ("a{}.py", "b{}.txt", "c{}", "README{}.md", "x {}", "-d{}", "[q{}]", "é{}.py", ".hidden{}", "a{}.b.c")
FOLDERS = ("", "files/", "files/sub/", "files/sub/deep/", "src/", "a/b/", "a/bc/", "a/", ".cfg/")
PATHS = [f"{folder}{name.format(n)}" for n, folder in enumerate(FOLDERS) for name in NAMES]
TREE = {path: f"content of {path}".encode() for path in PATHS}
SOURCES = (  # noqa: SIM905
    ". files files/ /files/sub ./a *.py files/* f* f*/sub */b?.txt a/b*/c? */* files/s?b/*.md [ab]* a/[a-b] a/[^x]c "
    "../files files/../src files/sub/deep/c3 a*.* $D ${D}/sub $D/*.txt src/README4.md .cfg .* no*match * a/b "
    "a/bc/-d6 é0.py a/[b \\[q0] files//sub///c2 **/c1 a/b? missing files/missing $UNSET"
).split()


def copying(seed: int) -> bytes:
    """Return a Dockerfile whose final image holds just what its COPY and ADD take."""
    rnd = random.Random(seed)
    lines = ["FROM scratch AS other", f"COPY {rnd.choice(SOURCES[:30])} /o/", "FROM scratch"]
    lines += [rnd.choice(("ENV D=files", "ARG D=files", "ENV D files"))]
    if rnd.random() < 0.3:
        lines.append("COPY --from=other /o* /o/")
    for number in range(rnd.choice((1, 1, 2))):
        sources = rnd.sample(SOURCES, rnd.choice((1, 1, 2)))
        keyword = rnd.choice(("COPY", "COPY", "ADD"))
        if rnd.random() < 0.2:
            lines.append(f"{keyword} {json.dumps([*sources, f'/d{number}/'])}")
        else:
            lines.append(f"{keyword} {' '.join(sources)} /d{number}/")
    return "\n".join(lines).encode()


def selected(reading: DockerfileReading, all_stages: bool = False) -> dict[str, bytes]:
    """Return the files of the tree that count, found by descending as the walk does."""
    rules = context_rules(reading, NO_RULES, all_stages)

    def walked(path: str) -> bool:
        parents = [path[:at] for at, char in enumerate(path) if char == "/"]
        return all(rules.descend(parent) for parent in ("", *parents))

    return {path: content for path, content in TREE.items() if walked(path) and rules.wants(path, False)}


def test_the_context_rules_select_what_copy_takes(engine: Engine) -> None:
    """The image holds the content of exactly the selected files, also if only those are sent."""
    built = refused = 0
    for seed in range(80):
        content = copying(seed)
        reading = read_dockerfile(content)
        files = selected(reading)
        whole, part = engine.build(content, TREE), engine.build(content, files)
        rules = context_rules(reading, NO_RULES)
        missing = unmatched(rules, files)
        shown = f"seed {seed}\n{content.decode()}\n{sorted(files)}\nwhole {whole}\npart {part}\n{missing}"
        assert (bool(whole.error), bool(part.error)) == (bool(missing), bool(missing)), shown
        if whole.error:
            refused += 1
            continue
        built += 1
        assert engine.contents(part.image) == engine.contents(whole.image), shown
        assert set(files.values()) == engine.contents(whole.image) & set(TREE.values()), shown
    assert (built > 40, refused > 5) == (True, True), (built, refused)


# --- .dockerignore --------------------------------------------------------------------------------------

PATTERNS = (  # noqa: SIM905
    "*.py|**/*.py|files|files/|/files|files/*|files/**|!files/a1.py|!files/sub|*|**|!**/c6|*/b*.txt|*/*/c?|a/b|a/b*|"
    "!a/bc/c6|# files||  src  |!  src/c4|a/../src|./c0|[ab]*|a/[^x]c|**/sub|**/sub/**|a/**/c5|**2.txt|files/s?b|"
    "\\[q0\\]|x 0|!README0.md|.*|é0.py|files/sub/../c1|!a|a/*/c5|**/README*.md|!**/*.txt|a*/**/c?"
).split("|")


def ignoring(seed: int) -> bytes:
    """Return a .dockerignore; one in ten is wrong."""
    rnd = random.Random(seed)
    lines = rnd.sample(PATTERNS, rnd.randint(1, 6))
    if rnd.random() < 0.1:
        lines.append(rnd.choice(("[", "a[", "!", "a\\", "[]a]", "[a-]")))
    raw = rnd.choice(("\n", "\n", "\r\n")).join(lines).encode()
    return b"\xef\xbb\xbf" + raw if rnd.random() < 0.1 else raw


def sent(rules: IgnoreRules, path: str) -> bool:
    """Return whether the docker command sends a file to the classic builder.

    It does not look into an ignored folder unless a ``!`` pattern begins with that folder's name; BuildKit
    does, and so do we.
    """
    for at, char in enumerate(path):
        folder = path[:at]
        if char == "/" and rules.excludes(folder):
            kept = (pattern.text for pattern in rules.patterns if pattern.negated)
            if not any(f"{text}/".startswith(f"{folder}/") for text in kept):
                return False
    return not rules.excludes(path)


def test_ignore_rules_are_those_of_the_docker_command(engine: Engine, tmp_path: Path) -> None:
    """`docker build` sends what our rules leave in, and refuses the files that we refuse."""
    docker = shutil.which("docker")
    if docker is None:
        pytest.skip("no docker command")
    for path, content in TREE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / "Dockerfile").write_bytes(b"FROM scratch\nCOPY . /\n")
    built = refused = 0
    for seed in range(60):
        raw = ignoring(seed)
        (tmp_path / ".dockerignore").write_bytes(raw)
        rules = parse_ignore(raw)
        environment = {**os.environ, "DOCKER_HOST": engine.endpoint, "DOCKER_BUILDKIT": "0"}
        tag = f"oracle-dockerfile/ignored:{seed}"
        done = subprocess.run(
            [docker, "build", "-q", "--no-cache", "-t", tag, str(tmp_path)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        shown = f"seed {seed}\n{raw.decode('utf-8-sig')}\n{done.stderr}\n{rules.diagnostics}"
        assert (done.returncode != 0) == bool(rules.diagnostics), shown
        if done.returncode:
            refused += 1
            continue
        built += 1
        engine.images.append(tag)
        expected = {content for path, content in TREE.items() if sent(rules, path)}
        found = engine.contents(tag) & set(TREE.values())
        assert sorted(expected) == sorted(found), shown
    assert (built > 40, refused > 2) == (True, True), (built, refused)


# --- rewriting ------------------------------------------------------------------------------------------


def test_a_rewritten_dockerfile_is_built_from_the_other_bases(engine: Engine) -> None:
    """With every reference replaced, the engine looks up the new ones alone and the labels stay the same."""
    compared = 0
    for seed in range(60):
        content, args = dockerfile(seed)
        reading = read_dockerfile(content, args)
        wanted = dict.fromkeys(range(len(reading.images)), BASES[2])
        if errors(reading) or not wanted:
            continue
        outcome = engine.build(rewrite(content, reading, wanted, True), {}, args)
        shown = f"seed {seed}\n{rewrite(content, reading, wanted, True).decode()}\n{outcome}"
        assert not outcome.error, shown
        assert outcome.bases <= {normalized(BASES[2])}, shown
        assert engine.labels(outcome.image) == {label.name: label.value for label in reading.labels}, shown
        compared += 1
    assert compared > 20
