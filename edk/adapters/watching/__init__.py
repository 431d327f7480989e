"""Watching the file system: one inotify group, one tree of watches, and polling where events can't be trusted.

The only package that may import watchdog. Its observers watch recursively, ``.git`` and ``node_modules`` as well, and
keep overflows, the watch limit and a dead thread to themselves; so only its reader of one inotify group is used
(`reader`), and which folders are watched is decided here (`tree`).
"""
