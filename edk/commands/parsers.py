"""The arguments of every command."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable

from edk import __version__
from edk.commands.buildkit_parsers import add_builder_options
from edk.commands.platform_parsers import add_import_images_option, add_install_option
from edk.commands.reference_parsers import add_references_option
from edk.commands.supply_parsers import add_attesting_options
from edk.domain.progress import PROGRESS

EXIT_CODES = (
    "exit codes: 0 all done; 1 an image or chart failed; 2 wrong usage or configuration; 3 the sources are "
    "wrong; 4 engine, registry or platform out of reach; 130 interrupted"
)
Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser(command: str = "") -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    Args:
        command: the first word of the line. Where it is one of the main commands, the parser knows no other one: to
            make those of thirty takes a twentieth of a build that has nothing to do.
    """
    top = argparse.ArgumentParser(
        prog="edk",
        description="Builds Kaapana workflow extensions: from a folder to images in the registry and a chart.",
        epilog=epilog("edk build --dir examples/otsus-method"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("-V", "--version", action="version", version=f"edk {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    if command in _MAIN:
        _MAIN[command](commands)
        return top
    for add in _MAIN.values():
        add(commands)
    _add_others(commands)
    return top


def _add_others(commands: Commands) -> None:  # type: ignore[valid-type]
    """Add the commands beside the main ones."""
    from edk.commands.archive_parsers import add_archive_commands
    from edk.commands.builder_parsers import add_builder_commands
    from edk.commands.code_server_parsers import add_editor_commands
    from edk.commands.new_parsers import add_new_command
    from edk.commands.page_parsers import add_page_command
    from edk.commands.prune_parsers import add_prune_commands
    from edk.commands.reference_parsers import add_reference_commands
    from edk.commands.supply_parsers import add_supply_commands
    from edk.commands.surface_parsers import add_surface_commands
    from edk.commands.watcher_parsers import add_watcher_commands

    add_reference_commands(functools.partial(_add, commands))
    add_watcher_commands(functools.partial(_add, commands))
    add_editor_commands(functools.partial(_add, commands))
    add_new_command(functools.partial(_add, commands))
    add_supply_commands(functools.partial(_add, commands))
    add_archive_commands(functools.partial(_add, commands), _add_selection, _add_output)
    add_prune_commands(functools.partial(_add, commands))
    add_builder_commands(functools.partial(_add, commands))
    add_page_command(functools.partial(_add, commands))
    add_surface_commands(functools.partial(_add, commands), _add_settings)


def epilog(example: str) -> str:
    """Return what stands below every help."""
    return f"example:\n  {example}\n\n{EXIT_CODES}"


def _add(commands: Commands, name: str, summary: str, example: str) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    made: argparse.ArgumentParser = commands.add_parser(  # type: ignore[attr-defined]
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog(example),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return made


def _add_selection(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dir", action="append", default=[], metavar="DIR", help="folder of an extension; may be repeated"
    )
    command.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="NAME",
        help="this image alone, and what it stands on; may be repeated",
    )
    command.add_argument("--all", action="store_true", help="every extension of the extensions folder")


def _add_engine_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--jobs", type=int, metavar="N", help="builds at once")
    command.add_argument(
        "--build-arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="for every Dockerfile that declares it; NAME alone takes the value of the environment",
    )
    command.add_argument("--no-cache", action="store_true", help="run every step anew; implies --force")
    command.add_argument("--pull", action="store_true", help="look for newer upstream images; implies --force")
    command.add_argument(
        "--platform", metavar="OS/ARCH", help="for example linux/amd64; several with commas between, with BuildKit"
    )
    command.add_argument("--network", metavar="MODE", help="of RUN steps: default, none or host")
    add_attesting_options(command)
    add_builder_options(command)


def _add_settings(command: argparse.ArgumentParser) -> None:
    _add_engine_options(command)
    add_references_option(command)


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="JSON instead of text")
    command.add_argument("-v", "--verbose", action="store_true", help="show the log lines of builds too")


def _add_progress(command: argparse.ArgumentParser) -> None:
    _add_output(command)
    command.add_argument(
        "--progress",
        choices=PROGRESS,
        help="how builds are shown: auto (a board in a terminal, else plain lines), board, plain or json",
    )


def _add_build(commands: Commands) -> None:  # type: ignore[valid-type]
    command = _add(
        commands,
        "build",
        "build the images of an extension, push them to the local registry, and package its chart",
        "edk build --dir /kaapana/app/kaapana/extensions/otsus-method --no-import",
    )
    _add_selection(command)
    command.add_argument("--no-import", action="store_true", help="do not upload the chart to the platform")
    add_install_option(command)
    add_import_images_option(command)
    command.add_argument("--force", action="store_true", help="build also what is unchanged")
    command.add_argument("--dry-run", action="store_true", help="print what would happen, and do nothing")
    _add_engine_options(command)
    add_references_option(command)
    _add_progress(command)


def _add_watch(commands: Commands) -> None:  # type: ignore[valid-type]
    command = _add(
        commands,
        "watch",
        "build what is not up to date, then follow saves: rebuild and push the images that each one concerns",
        "edk watch --dir /kaapana/app/kaapana/extensions",
    )
    command.add_argument(
        "--dir",
        action="append",
        default=[],
        metavar="DIR",
        help="folder to watch; may be repeated; default: the extensions folder",
    )
    command.add_argument("--bases", action="store_true", help="watch the platform's repository too, for its bases")
    command.add_argument("--poll", action="store_true", help="look at every file each second instead of using inotify")
    command.add_argument("--no-cancel", action="store_true", help="let a build end though a save has overtaken it")
    command.add_argument(
        "--once-ready-file",
        metavar="FILE",
        help="write this file once the tree as it is at the start is in the registry, or has failed",
    )
    command.add_argument(
        "--health",
        dest="watch_health",
        metavar="HOST:PORT",
        help="answer /healthz, /readyz and /metrics there, for Kubernetes' probes and Prometheus",
    )
    command.add_argument(
        "--import", dest="upload", action="store_true", help="upload charts that changed to the platform"
    )
    add_install_option(command)
    _add_engine_options(command)
    add_references_option(command)
    _add_progress(command)


def _add_plan(commands: Commands) -> None:  # type: ignore[valid-type]
    command = _add(
        commands,
        "plan",
        "say for every image what a build would do, and why; changes nothing",
        "edk plan --dir examples/otsus-method --json",
    )
    _add_selection(command)
    command.add_argument("--offline", action="store_true", help="do not ask the registry and the engine")
    command.add_argument("--force", action="store_true", help="plan as for a build with --force")
    command.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", help="as for a build")
    command.add_argument("--platform", metavar="OS/ARCH", help="as for a build")
    add_references_option(command)
    _add_output(command)


def _add_check(commands: Commands) -> None:  # type: ignore[valid-type]
    from edk.commands.check_parsers import add_check_command

    add_check_command(functools.partial(_add, commands))


def _add_init(commands: Commands) -> None:  # type: ignore[valid-type]
    command = _add(
        commands,
        "init",
        "clone the platform's repository, copy an example, and build the bases",
        "edk init --from /media/kaapana.bundle",
    )
    command.add_argument("--from", dest="source", metavar="PATH", help="clone from a local repository or a git bundle")
    command.add_argument("--branch", metavar="NAME", help="instead of KAAPANA_BUILD_BRANCH")
    command.add_argument(
        "--image", action="append", default=[], metavar="NAME", help="build this base alone; may be repeated"
    )
    command.add_argument("--all-bases", action="store_true", help="build every base of the platform")
    command.add_argument("--no-bases", action="store_true", help="build none")
    _add_engine_options(command)
    _add_progress(command)


def _add_chart(commands: Commands) -> None:  # type: ignore[valid-type]
    command = _add(
        commands,
        "chart",
        "package the charts of a folder and upload them to the platform",
        "edk chart --dir my-extension/extension/my-workflow --no-import",
    )
    command.add_argument("--dir", required=True, metavar="DIR", help="folder of a chart, or of an extension")
    command.add_argument("--no-import", action="store_true", help="do not upload it to the platform")
    add_install_option(command)
    command.add_argument(
        "--verify", action="store_true", help="show whether each image that it asks for is there; uploads nothing"
    )
    add_references_option(command)
    _add_output(command)


def _add_build_image(commands: Commands) -> None:  # type: ignore[valid-type]
    command = _add(
        commands,
        "build-image",
        "build one Dockerfile and push its image to the local registry",
        "edk build-image --dir processing-containers/otsus-method --image-version 0.1.0",
    )
    command.add_argument("--dir", required=True, metavar="DIR", help="the build context")
    command.add_argument("--dockerfile", metavar="FILE", help="default: Dockerfile in the context")
    command.add_argument("--image-name", metavar="NAME", help="default: the label IMAGE")
    command.add_argument("--image-version", metavar="TAG", help="default: KAAPANA_BUILD_VERSION")
    command.add_argument("--tar", action="store_true", help="write the image as an archive into VOLUME_PATH")
    command.add_argument(
        "--import",
        dest="import_",
        action="store_true",
        help="have the platform import that archive; implies --tar",
    )
    command.add_argument("--force", action="store_true", help="build although it is unchanged")
    _add_engine_options(command)
    _add_progress(command)


def _add_doctor(commands: Commands) -> None:  # type: ignore[valid-type]
    command = _add(
        commands,
        "doctor",
        "look whether engine, registry, tools and environment are as a build needs them",
        "edk doctor --fix",
    )
    command.add_argument(
        "--dir",
        action="append",
        default=[],
        metavar="DIR",
        help="folder whose watch is reckoned; may be repeated; default: the extensions folder",
    )
    command.add_argument("--json", action="store_true", help="JSON instead of text")
    command.add_argument(
        "--fix", action="store_true", help="mend what is ours and safe, once that is agreed to, and look again"
    )
    command.add_argument("--yes", action="store_true", help="with --fix: do not ask")


_MAIN: dict[str, Callable[[Commands], None]] = {  # type: ignore[valid-type]
    "build": _add_build,
    "watch": _add_watch,
    "plan": _add_plan,
    "check": _add_check,
    "init": _add_init,
    "chart": _add_chart,
    "build-image": _add_build_image,
    "doctor": _add_doctor,
}
"""The main commands, in the order of the help."""
