"""Measures speed and memory against their goals and against what else there is; see docs/benchmarks.md."""
