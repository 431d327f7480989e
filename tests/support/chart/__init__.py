"""The Helm chart of `deploy/chart`, as tests look at it."""
