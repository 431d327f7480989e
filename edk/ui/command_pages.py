"""The pages of all commands, made from the command line's own parsers: ``scripts/docs.sh --commands`` writes them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

GROUPS = (
    ("Begin", ("init", "new", "doctor")),
    ("Look at the sources", ("check", "plan", "graph", "explain")),
    ("Build", ("build", "build-image", "chart", "builder")),
    (
        "Rebuild on save",
        ("watch", "status", "logs", "rebuild", "pause", "resume", "stop", "follow", "code-server"),
    ),
    ("What was built, and what runs", ("history", "trace", "show-rewritten", "provenance", "sbom")),
    ("The registry", ("images", "page", "verify", "prune", "export", "import")),
    ("Settings", ("config", "completion")),
)
MORE = {
    "build": ("guide.md", "platform.md", "never-stale.md"),
    "builder": ("builders.md",),
    "chart": ("platform.md",),
    "check": ("checking.md", "diagnostics.md"),
    "code-server": ("code-server.md",),
    "config": ("configuration.md",),
    "doctor": ("troubleshooting.md",),
    "explain": ("diagnostics.md",),
    "export": ("archives.md",),
    "follow": ("code-server.md",),
    "graph": ("graph.md",),
    "history": ("history.md",),
    "images": ("registry.md",),
    "import": ("archives.md",),
    "init": ("in-cluster.md",),
    "new": ("new-extension.md",),
    "page": ("registry.md",),
    "plan": ("plan-json.md", "concepts.md"),
    "provenance": ("supply-chain.md",),
    "prune": ("pruning.md",),
    "sbom": ("supply-chain.md",),
    "show-rewritten": ("never-stale.md",),
    "status": ("status-json.md",),
    "trace": ("never-stale.md",),
    "verify": ("archives.md",),
    "watch": ("watching.md",),
}
MADE = "<!-- Made from the command line's parsers by scripts/docs.sh --commands; change them, not this. -->\n"


def render(top: argparse.ArgumentParser, titles: Mapping[str, str]) -> dict[str, str]:
    """Return the pages by file name: one for each command, and ``index.md``.

    Args:
        top: the parser of the whole command line.
        titles: of the pages in ``docs/`` that tell more, by file name.
    """
    commands = _commands(top)
    pages = {f"{name}.md": "\n".join(_page(name, commands[name], titles)) for name in commands}
    return {"index.md": "\n".join(_index(top, commands)), **pages}


def _commands(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(dict(action.choices) for action in top._actions if isinstance(action, argparse._SubParsersAction))


def _index(top: argparse.ArgumentParser, commands: Mapping[str, argparse.ArgumentParser]) -> Iterator[str]:
    grouped = [name for _, names in GROUPS for name in names]
    groups = [*GROUPS, ("More", tuple(name for name in commands if name not in grouped))]
    yield "# Commands\n"
    yield MADE
    yield "Each has `--help`, which says the same. Flags may stand in any order behind the command.\n"
    for title, members in groups:
        names = [name for name in members if name in commands]
        if not names:
            continue
        yield f"## {title}\n"
        yield "| command | what it does |\n|---|---|"
        for name in names:
            yield f"| [`edk {name}`]({name}.md) | {_cell(commands[name].description or '')} |"
        yield ""
    yield from _exit_codes(top)


def _page(name: str, command: argparse.ArgumentParser, titles: Mapping[str, str]) -> Iterator[str]:
    yield f"# edk {name}\n"
    yield MADE
    yield f"{_prose(command.description or '')}\n"
    yield f"```\n{' '.join([f'edk {name}', *_usage(command)])}\n```\n"
    arguments = [action for action in command._actions if not action.option_strings]
    flags = [action for action in command._actions if action.option_strings and action.dest != "help"]
    for title, actions in (("argument", arguments), ("flag", flags)):
        if actions:
            yield f"| {title} | what it is |\n|---|---|"
            yield from (f"| {_names(action)} | {_cell(_help(action, command.prog))} |" for action in actions)
            yield ""
    example = (command.epilog or "").partition("example:\n")[2].partition("\n\n")[0]
    yield "For example:\n"
    yield "```\n" + "\n".join(line.strip() for line in example.splitlines()) + "\n```\n"
    if name in MORE:
        links = ", ".join(f"[{titles[page]}](../{page})" for page in MORE[name])
        yield f"More: {links}.\n"
    yield from _exit_codes(command)


def _usage(command: argparse.ArgumentParser) -> Iterator[str]:
    """Yield flags that must be given, ``[FLAGS]``, and the arguments."""
    flags = [action for action in command._actions if action.option_strings and action.dest != "help"]
    yield from (_spelled(action, action.option_strings[-1]) for action in flags if action.required)
    if any(not action.required for action in flags):
        yield "[FLAGS]"
    for action in command._actions:
        if action.option_strings:
            continue
        value = _value(action)
        yield {"?": f"[{value}]", "*": f"[{value} …]", "+": f"{value} …"}.get(str(action.nargs), value)


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{_value(action)}`".replace("|", "\\|")
    short_first = sorted(action.option_strings, key=len)
    names = [*short_first[:-1], _spelled(action, short_first[-1])]
    return ", ".join(f"`{name}`" for name in names).replace("|", "\\|")


def _spelled(action: argparse.Action, flag: str) -> str:
    if action.nargs == 0:
        return flag
    return f"{flag}[={_value(action)}]" if action.nargs == "?" else f"{flag} {_value(action)}"


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "|".join(str(choice) for choice in action.choices)
    return action.dest.upper()


def _help(action: argparse.Action, prog: str) -> str:
    return (action.help or "") % {**vars(action), "prog": prog}


def _exit_codes(command: argparse.ArgumentParser) -> Iterator[str]:
    codes = (command.epilog or "").partition("exit codes: ")[2]
    yield f"Exit codes: {codes}.\n"


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|")


def _prose(text: str) -> str:
    """Return text in which nothing is taken for HTML or emphasis."""
    return text.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
