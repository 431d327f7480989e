"""Print the HTTP status of a GET: `ask.py SOCKET-OR-HOST:PORT PATH`; 000 if nobody answers.

For machines without curl. Raw sockets, because importing an HTTP client takes longer than the question.
"""

import socket
import sys

address, path = sys.argv[1:]
try:
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(3)
        connection.connect(address)
    else:
        host, _, port = address.rpartition(":")
        connection = socket.create_connection((host, int(port)), timeout=3)
    request = (
        f"GET {path} HTTP/1.0\r\nHost: {address if ':' in address else 'engine'}\r\n"
        "Accept: application/vnd.docker.distribution.manifest.v2+json\r\n\r\n"
    )
    connection.sendall(request.encode())
    status = connection.recv(64).split(b" ")[1][:3].decode("ascii")
except (OSError, ValueError, IndexError):
    status = "000"
sys.stdout.write(f"{status}\n")
