"""The watcher in virtual time: random schedules of saves and faults, and what must hold when it is quiet."""
