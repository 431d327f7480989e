"""The Docker Engine API: building by BuildKit or the classic builder, pushing, and who it is that answers.

`builder` holds the port's implementation; `wire`, `call` and `client` make requests by docker-py's low-level client,
whose socket `line` cuts from another thread, be it that the work is cancelled or that `pulse` finds the engine dead;
`following` makes typed progress of the two kinds of reply, BuildKit's and the classic builder's.

docker-py takes a tenth of a second to import, so this package is imported where an engine is first used.
"""

from edk.adapters.engine.builder import DockerEngineBuilder
from edk.adapters.engine.disk import DockerEngineDisk
from edk.adapters.engine.endpoint import resolve_endpoint

__all__ = ["DockerEngineBuilder", "DockerEngineDisk", "resolve_endpoint"]
