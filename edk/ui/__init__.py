"""Sinks of events: plain lines, JSON lines, and the printed plan."""
