"""The commands: each wires the services that it needs, runs a use case, and returns an exit code."""
