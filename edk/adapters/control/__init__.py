"""The socket in the state folder on which a running watcher answers, and what asks there.

One thread serves all clients by ``selectors``; nobody who reads slowly, or not at all, holds up the watcher.
"""
