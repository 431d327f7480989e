"""Stand-ins for the outside, in memory; each fills a port of `edk.ports`."""
