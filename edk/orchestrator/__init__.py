"""Use cases on the domain and the ports."""
