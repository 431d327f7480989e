"""Puts the style sheet into the page, so that a report is one file: assemble.py PAGE STYLE RESULT."""

import sys
from pathlib import Path

page, style, result = map(Path, sys.argv[1:])
whole = page.read_text().replace("@STYLE@", f"<style>{' '.join(style.read_text().split())}</style>")
result.write_text(whole)
