"""The Docker Engine API: building by BuildKit or the classic builder, pushing, and who it is that answers.

`builder` holds the port's implementation; `wire` and `transport` speak HTTP on a socket that can be shut from
another thread; `buildkit` and `classic` make typed progress of the two kinds of reply.
"""

from edk.adapters.engine.builder import DockerEngineBuilder
from edk.adapters.engine.endpoint import resolve_endpoint

__all__ = ["DockerEngineBuilder", "resolve_endpoint"]
