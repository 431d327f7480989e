"""Serves pages over HTTP, to people, probes and Prometheus: reading only, bounded in everything."""
