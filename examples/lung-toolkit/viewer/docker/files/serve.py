"""Shows the images below DATA_DIR in a browser: / lists them, /<path>.png?z=<n> draws a slice."""

import html
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from lungkit import nifti, pictures


def answer(root, target):
    """Answer a request's target: (status, content type, body)."""
    parts = urlsplit(target)
    known = {
        f"/{path.relative_to(root).as_posix()}.png": path for path in root.rglob("*.nii*") if path.is_file()
    }
    if parts.path == "/healthz":
        return 200, "text/plain", b"ok"
    if parts.path == "/":
        links = [f'<li><a href="{quote(name)}">{html.escape(name[1:-4])}</a></li>' for name in sorted(known)]
        return 200, "text/html; charset=utf-8", f"<h1>Images</h1><ul>{''.join(links)}</ul>".encode()
    # Only what was listed is opened: a path in the request never reaches the file system.
    path = known.get(unquote(parts.path))
    if path is None:
        return 404, "text/plain", b"no such image"
    try:
        voxels = nifti.read_nifti(path).voxels
        level = int(parse_qs(parts.query).get("z", [voxels.shape[2] // 2])[0])
        if not 0 <= level < voxels.shape[2]:
            raise ValueError(f"slices go from 0 to {voxels.shape[2] - 1}")
        return 200, "image/png", pictures.png(pictures.axial_slice(voxels, level))
    except (ValueError, IndexError) as error:
        return 400, "text/plain", str(error).encode()


class Viewer(BaseHTTPRequestHandler):
    """Answers GET requests."""

    root = Path(os.environ.get("DATA_DIR", "/data"))

    def do_GET(self):
        """Send the answer."""
        status, kind, body = answer(self.root, self.path)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8080"))
    print(f"serving {Viewer.root} on port {port}", file=sys.stderr)
    ThreadingHTTPServer(("", port), Viewer).serve_forever()
