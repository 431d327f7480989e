"""One connection: one request, one answer, and it is closed."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from edk.domain.pages import TEXT, PageResponse

if TYPE_CHECKING:
    from edk.adapters.serving.server import PageServer

SECONDS = 10.0
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
)
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_WORDS = {
    400: "This is no request for a page.",
    405: "Pages can be read, and nothing else.",
    414: "The address is too long.",
    421: "The page is not known by this name. Ask for it by a name that EDK_PAGE_HOSTS lists, or add this one there.",
    431: "There are too many header lines, or one of them is too long.",
    500: "This is a fault of the EDK itself; its log tells more.",
    505: "This version of HTTP is not spoken here.",
}


class PageHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, and nothing else."""

    protocol_version = "HTTP/1.1"
    timeout = SECONDS
    server: PageServer

    def do_GET(self) -> None:
        """Answer with headers and content."""
        self._reply(self._answer())

    def do_HEAD(self) -> None:
        """Answer with headers alone."""
        self._reply(self._answer())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer that a request can't be understood; what it held is never repeated."""
        # The base class does not know a method: nothing but GET and HEAD is one here.
        self._reply(plain(405 if code == 501 else code))

    def version_string(self) -> str:
        """Return what stands in the header Server: no versions."""
        return "edk"

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: whoever wants a record of requests has a proxy in front."""

    def _answer(self) -> PageResponse:
        self.server.began_to_answer(self.connection)
        hosts = self.headers.get_all("Host", [])
        admission = self.server.admission
        request = admission.request(self.path, self.headers.get("X-Forwarded-Prefix", ""))
        if request is None or len(hosts) > 1:
            return plain(400)
        if request.path not in admission.open_paths and not admission.admits(hosts):
            return plain(421)
        return self.server.answer(request)

    def _reply(self, response: PageResponse) -> None:
        self.close_connection = True
        # Whatever version was asked in: an answer has its headers.
        self.request_version = self.protocol_version
        named = {name for name, _ in response.headers}
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.content)))
        for name, value in (*_ALWAYS, *response.headers):
            self.send_header(name, value)
        if response.status == 405:
            self.send_header("Allow", "GET, HEAD")
        if "Content-Security-Policy" not in named:
            self.send_header("Content-Security-Policy", _POLICY)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.content)


def plain(status: int) -> PageResponse:
    """Return the answer to a request that gets no page."""
    return PageResponse(status, (_WORDS.get(status, _WORDS[400]) + "\n").encode(), TEXT)
