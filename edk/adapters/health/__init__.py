"""Answers by HTTP to those that supervise a process, as Kubernetes' probes and Prometheus do."""
