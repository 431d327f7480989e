"""Cases drawn from a seed: a tree of a few targets, and what happens to it."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.simulation.disk import EXTENSION, PLATFORM
from tests.simulation.model import BROKEN
from tests.simulation.simulation import Case
from tests.simulation.steps import Step

GAPS = (0.0, 0.003, 0.02, 0.05, 0.12, 0.25, 0.5, 1.0, 3.0, 7.0)
STYLES = ("truncate", "truncate", "truncate", "truncate", "over", "vim", "mmap", "slow", "unclosed")


class _Draft:
    """A tree as it would be if every step went well, so that most steps find what they are about."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.files: dict[str, str] = {}
        self.names: list[str] = []
        self.bases: list[str] = []
        self.number = 0

    def text(self) -> str:
        """Return a content that no file had before, or seldom one that files have."""
        self.number += 1
        return f"content {self.number if self.draw.random() < 0.85 else 0}\n" * self.draw.choice((1, 1, 3))

    def target(self, folder: str, name: str, *, base: bool, file: str = "Dockerfile") -> dict[str, str]:
        """Return a new target's files, relative to its folder."""
        files = {file: self.dockerfile(name, base=base), "app.py": self.text(), "data/one.txt": self.text()}
        if self.draw.random() < 0.5:
            files["data/two.txt"] = self.text()
        if self.draw.random() < 0.4:
            files[".dockerignore"] = self.draw.choice(("notes.txt\n", "data/two.txt\n**/*.log\n", "data\n"))
        files["notes.txt"] = self.text()
        files["run.sh"] = "true\n"
        return files

    def dockerfile(self, name: str, *, base: bool) -> str:
        """Return a Dockerfile; it stands on nothing, or on a base that is there."""
        draw = self.draw
        below = [known for known in self.bases if known != name]
        ref = f"local-only/{draw.choice(below)}:latest" if below and draw.random() < 0.75 else "ubuntu:24.04"
        label = ' REGISTRY="local-only"' if base else ""
        lines = [f"FROM {ref}", f'LABEL IMAGE="{name}"{label}']
        copies = ("COPY app.py /", "COPY data /data/", "COPY app.py run.sh /", "COPY . /all/")
        lines += draw.sample(copies, draw.choice((1, 1, 2)))
        self.number += 1
        lines += [f"RUN make {self.number}"] if draw.random() < 0.6 else []
        lines += ["RUN sh run.sh"] if draw.random() < 0.3 and any("run.sh" in line for line in lines) else []
        lines += ["RUN exit 1"] if draw.random() < 0.06 else []
        lines += [BROKEN] if draw.random() < 0.04 else []
        return "\n".join([*lines, ""])

    def put(self, folder: str, files: dict[str, str]) -> None:
        """Note files of a folder."""
        self.files.update({f"{folder}/{name}": text for name, text in files.items()})


def draw_case(seed: int) -> Case:
    """Draw a case."""
    draw = random.Random(seed)
    draft = _Draft(draw)
    for number in range(draw.randint(2, 6)):
        _add_target(draft, number)
    if draw.random() < 0.4:
        draft.files[f"{EXTENSION}/AnOperator.py"] = _operator(draft)
    files = dict(draft.files)
    steps: list[Step] = []
    time = draw.choice((0.0, 0.05, 0.5, 6.0))
    for _ in range(draw.randint(2, 14)):
        time += draw.choice(GAPS) * draw.uniform(0.7, 1.3)
        kind = draw.choices(_KINDS, _WEIGHTS)[0]
        steps.extend([round(time, 4), *step] for step in kind(draft))
    return Case(
        seed,
        files,
        steps,
        jobs=draw.choice((1, 2, 2, 3)),
        cancel=draw.random() < 0.8,
        latency=draw.choice((0.0, 0.001, 0.01)),
        often=draw.choice((0.0, 0.0, 0.1, 0.3)),
        slowest=draw.choice((0.05, 1.0, 4.0)),
    )


def _add_target(draft: _Draft, number: int) -> None:
    base = number == 0 or draft.draw.random() < 0.3
    root = PLATFORM if base and draft.draw.random() < 0.3 else EXTENSION
    name = f"{'base' if base else 'app'}-{number}"
    folder = f"{root}/{name}"
    inside = [path.rpartition("/")[0] for path in draft.files if path.endswith("/Dockerfile")]
    if inside and draft.draw.random() < 0.25:
        # Shares its files with another one, or lies within its context.
        folder = draft.draw.choice(inside)
        if draft.draw.random() < 0.5:
            draft.put(folder, {"second.Dockerfile": draft.dockerfile(name, base=base)})
            _known(draft, name, base=base)
            return
        folder = f"{folder}/inner{number}"
    draft.put(folder, draft.target(folder, name, base=base))
    _known(draft, name, base=base)


def _known(draft: _Draft, name: str, *, base: bool) -> None:
    draft.names.append(name)
    if base:
        draft.bases.append(name)


def _operator(draft: _Draft) -> str:
    name, tag = draft.draw.choice(draft.names), draft.draw.choice(("1.0", "1.1", "2.0"))
    image = f'        super().__init__(image="localhost:32000/{name}:{tag}")\n'
    broken = "    def broken(:\n" if draft.draw.random() < 0.1 else ""
    return f"class AnOperator:\n    def __init__(self):\n{image}{broken}"


def _pick(draft: _Draft, *ends: str) -> str:
    """Return the path of a file whose name ends so."""
    found = sorted(path for path in draft.files if path.endswith(ends or ("",)))
    return draft.draw.choice(found) if found else f"{EXTENSION}/nothing"


def _folder(draft: _Draft) -> str:
    return _pick(draft, "/Dockerfile").rpartition("/")[0]


def _new_text(draft: _Draft, path: str) -> str:
    if path.endswith("Dockerfile"):
        name = next((n for n in draft.names if f'"{n}"' in draft.files.get(path, "")), draft.draw.choice(draft.names))
        if draft.draw.random() < 0.05:
            name = draft.draw.choice((*draft.names, "renamed"))
        return draft.dockerfile(name, base=name in draft.bases)
    if path.endswith("run.sh"):
        return draft.draw.choice(("true\n", "exit 1\n", f"echo {draft.text()}"))
    if path.endswith("Operator.py"):
        return _operator(draft)
    if path.endswith(".dockerignore"):
        return draft.draw.choice(("notes.txt\n", "data/two.txt\n", "data\n", "run.sh\n", ""))
    return draft.text()


def _save(draft: _Draft) -> list[Step]:
    path = _pick(draft)
    before, text = draft.files.get(path, ""), _new_text(draft, path)
    draft.files[path] = text
    how, gap = draft.draw.choice(STYLES), draft.draw.choice((0.0005, 0.004, 0.011, 0.18))
    if draft.draw.random() < 0.1:
        # And back again.
        return [["save", path, text, how, gap], ["save", path, before, how, gap]]
    return [["save", path, text, how, gap]]


def _save_all(draft: _Draft) -> list[Step]:
    return [step for _ in range(3) for step in _save(draft)]


def _edit_dockerfile(draft: _Draft) -> list[Step]:
    path = _pick(draft, "Dockerfile")
    text = draft.files[path] = _new_text(draft, path)
    return [["save", path, text, "truncate", draft.draw.choice((0.001, 0.05))]]


def _edit_operator(draft: _Draft) -> list[Step]:
    path = f"{EXTENSION}/AnOperator.py"
    text = draft.files[path] = _operator(draft)
    return [["save", path, text, "mmap", 0.0]]


def _break(draft: _Draft) -> list[Step]:
    path = _pick(draft, "Dockerfile")
    lines = [line for line in draft.files.get(path, "").splitlines() if line not in {BROKEN, "RUN exit 1"}]
    added = draft.draw.choice(([], [], ["RUN exit 1"], [BROKEN]))
    text = draft.files[path] = "\n".join([*lines, *added, ""])
    return [["save", path, text, "truncate", 0.002]]


def _new_file(draft: _Draft) -> list[Step]:
    path = f"{_folder(draft)}/{draft.draw.choice(('data/new.txt', 'data/x.log', 'app.py', 'data/two.txt'))}"
    text = draft.files[path] = draft.text()
    return [["save", path, text, "truncate", draft.draw.choice((0.001, 0.15))]]


def _other(draft: _Draft) -> list[Step]:
    path, what = _pick(draft), draft.draw.choice(("again", "touch", "chmod", "litter"))
    if what == "chmod":
        return [["chmod", path, draft.draw.choice((0o755, 0o644))]]
    return [["litter", f"{path}~"]] if what == "litter" else [[what, path]]


def _delete(draft: _Draft) -> list[Step]:
    path = _pick(draft)
    draft.files.pop(path, None)
    return [["delete", path, draft.draw.random() < 0.5]]


def _move(draft: _Draft) -> list[Step]:
    path, dest = _pick(draft), _pick(draft, ".txt", ".py", ".sh")
    dest = dest if draft.draw.random() < 0.5 else f"{path.rpartition('/')[0]}/moved.txt"
    draft.files[dest] = draft.files.pop(path, "")
    return [["move", path, dest]]


def _add(draft: _Draft) -> list[Step]:
    number = len(draft.names)
    name = f"app-{number}" if draft.draw.random() < 0.85 else draft.draw.choice(draft.names)
    folder = f"{EXTENSION}/new-{number}-{draft.number}"
    files = draft.target(folder, name, base=False)
    draft.put(folder, files)
    if name not in draft.names:
        draft.names.append(name)
    return [["add", folder, files, draft.draw.choice((0.0, 0.002, 0.03))]]


def _remove(draft: _Draft) -> list[Step]:
    folder = _folder(draft) + draft.draw.choice(("", "/data", "/data"))
    draft.files = {path: text for path, text in draft.files.items() if not path.startswith(f"{folder}/")}
    return [["remove", folder, draft.draw.random() < 0.75]]


def _shift(draft: _Draft) -> list[Step]:
    folder = _folder(draft) + draft.draw.choice(("", "/data"))
    dest = f"{folder}-moved"
    draft.files = {
        dest + path[len(folder) :] if path.startswith(f"{folder}/") else path: t for path, t in draft.files.items()
    }
    back = [["shift", dest, folder]] if draft.draw.random() < 0.2 else []
    return [["shift", folder, dest], *back]


def _changes(draft: _Draft) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    for _ in range(draft.draw.randint(1, 8)):
        path = _pick(draft)
        gone = draft.draw.random() < 0.15
        changes[path] = None if gone else _new_text(draft, path)
        if gone:
            draft.files.pop(path, None)
        else:
            draft.files[path] = changes[path] or ""
    return changes


def _checkout(draft: _Draft) -> list[Step]:
    hold = draft.draw.choice((0.0, 0.1, 0.4, 2.0, 2.0, 45.0))
    return [["checkout", _changes(draft), draft.draw.choice((0.001, 0.01, 0.037)), hold]]


def _lose(draft: _Draft) -> list[Step]:
    return [["lose", _changes(draft), draft.draw.choice((0.0, 0.5, 2.0))]]


def _fault(draft: _Draft) -> list[Step]:
    seconds = draft.draw.choice((0.05, 1.0, 5.0, 20.0))
    return [[draft.draw.choice(("engine_away", "registry_away")), seconds]]


def _restless(draft: _Draft) -> list[Step]:
    return [["restless", draft.draw.choice((0.5, 4.0))], *_save(draft)]


def _meddle(draft: _Draft) -> list[Step]:
    if draft.draw.random() < 0.4:
        return [["wipe"]]
    return [["drift", draft.draw.choice(draft.names), draft.draw.random() < 0.5]]


def _ask(draft: _Draft) -> list[Step]:
    if draft.draw.random() < 0.4:
        return [["pause", draft.draw.choice((0.2, 3.0))]]
    return [["rebuild", draft.draw.choice(draft.names)]]


def _occupy(draft: _Draft) -> list[Step]:
    return [["occupied", draft.draw.choice(draft.names), draft.draw.choice((0.5, 3.0))]]


def _kill(draft: _Draft) -> list[Step]:
    return [["kill", draft.draw.random() < 0.5]]


def _look(_draft: _Draft) -> list[Step]:
    return [["look"]]


_KINDS: tuple[Callable[[_Draft], list[Step]], ...]
_KINDS, _WEIGHTS = zip(
    (_save, 30),
    (_save_all, 6),
    (_edit_dockerfile, 8),
    (_edit_operator, 4),
    (_break, 8),
    (_new_file, 5),
    (_other, 5),
    (_delete, 4),
    (_move, 3),
    (_add, 5),
    (_remove, 6),
    (_shift, 3),
    (_checkout, 6),
    (_lose, 4),
    (_fault, 6),
    (_restless, 1),
    (_meddle, 1),
    (_ask, 3),
    (_occupy, 1),
    (_kill, 2),
    (_look, 2),
    strict=True,
)
