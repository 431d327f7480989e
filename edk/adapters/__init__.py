"""One third-party thing each, behind a port of `edk.ports`."""
