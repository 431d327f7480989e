"""A real cluster, started by `scripts/cluster.sh`."""
