"""`edk page`: what the local registry holds, as pages for people; reads, and changes nothing."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress

import edk
from edk.adapters.serving.server import POLL_SECONDS, PageServer
from edk.commands.surveying import own_registry
from edk.commands.wiring import Wired, logged, places_of, settings_of
from edk.domain import events as ev
from edk.domain.errors import EXIT_INTERRUPTED, UsageError
from edk.domain.listening import listen_address
from edk.domain.pages import Admission, host_names, valid_prefix
from edk.domain.seen import Looked
from edk.orchestrator.catalogue import look_only
from edk.orchestrator.glance import Glance
from edk.orchestrator.pipeline import PlanRequest
from edk.orchestrator.roots import roots_for
from edk.orchestrator.services import Services
from edk.settings import Settings
from edk.ui.page.frame import Site
from edk.ui.page.routes import HEALTH, Pages
from edk.ui.plain import PlainLines


def run(options: argparse.Namespace) -> int:
    """Serve until somebody stops it."""
    settings = settings_of(options, options.dir)
    host, port, admission = _address(settings)
    with Wired(settings, logged(settings, PlainLines(sys.stdout)), "edk page") as services:
        glance = Glance(lambda: _survey(services, options.dir), services.clock)
        site = Site(settings.registry, settings.push_host, edk.__version__)

        def tell(sentence: str) -> None:
            services.sink.emit(ev.Noticed(sentence))

        answer = Pages(site, glance.look).answer
        with suppress(KeyboardInterrupt), PageServer(host, port, answer, admission, tell, "--listen") as server:
            tell(f"what {settings.push_host} holds is shown at http://{server.address}{settings.page_path}/")
            sys.stdout.flush()
            server.serve_forever(POLL_SECONDS)
    # Nothing but a signal ends it.
    return EXIT_INTERRUPTED


def _address(settings: Settings) -> tuple[str, int, Admission]:
    """Return where to listen, and who is let in; raise UsageError."""
    host, port = listen_address(settings.page_listen, "page_listen", 8082)
    try:
        names = host_names(settings.page_hosts, host)
    except ValueError as error:
        raise UsageError(f"page_hosts: {error}", "for example EDK_PAGE_HOSTS=kaapana.example.org") from error
    if not valid_prefix(settings.page_path):
        hint = "begin it with / and end it without, for example /local-registry-ui"
        raise UsageError(f"page_path is {settings.page_path!r}, which is no path", hint)
    return host, port, Admission(
        names, settings.page_path, settings.page_forwarded_prefix, frozenset({HEALTH})
    )


def _survey(services: Services, dirs: list[str]) -> Looked:
    settings = services.settings
    asked = [*dirs]
    if os.path.isdir(settings.extensions_dir):  # noqa: PTH112
        asked.append(settings.extensions_dir)
    request = PlanRequest(roots_for(asked, places_of(settings))) if asked else None
    return look_only(services, own_registry(services), request)
