"""Runs `edk page`, and reads its pages as a browser does."""

from __future__ import annotations

import http.client
import re
import subprocess
import time

from tests.support.command import Command
from tests.support.html import ReadPage, read_page

SECONDS = 40.0


class Served:
    """`edk page` on a free port while it is entered.

    Args:
        edk: the command line.
        arguments: behind ``edk page``.
    """

    def __init__(self, edk: Command, *arguments: str) -> None:
        self._edk = edk
        self._arguments = arguments
        self.process: subprocess.Popen[bytes]
        self.port = 0

    def __enter__(self) -> Served:
        self.process = self._edk.start("page", "--listen", "127.0.0.1:0", *self._arguments)
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            found = re.search(rb"http://127\.0\.0\.1:(\d+)/", line)
            if found:
                self.port = int(found[1])
                return self
        raise AssertionError(self.process.communicate(timeout=20))

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=20)

    def ask(self, target: str, host: str = "") -> tuple[int, bytes]:
        """Return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request("GET", target, headers={"Host": host} if host else {})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        assert b"Traceback" not in body
        return response.status, body

    def get(self, target: str, status: int, host: str = "") -> bytes:
        """Return the body of an answer of a status."""
        found, body = self.ask(target, host)
        assert status == found, body[:2000]
        return body

    def read(self, target: str, host: str = "") -> ReadPage:
        """Return a page."""
        return read_page(self.get(target, 200, host))

    def until(self, target: str, status: int) -> ReadPage:
        """Return a page once it has a status; what is shown may be some seconds old."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found, body = self.ask(target)
            if found == status:
                return read_page(body)
            time.sleep(0.2)
        raise AssertionError(f"{target} never answered {status}")

    def wait_for(self, target: str, words: str) -> ReadPage:
        """Return a page once these words are on it."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            page = self.read(target)
            if words in page.text:
                return page
            time.sleep(0.2)
        raise AssertionError(f"{words!r} is not on {target}: {page.text[:2000]}")
