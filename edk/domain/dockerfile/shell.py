"""Words as the engine's shell-like lexer expands them: quotes, escapes, ``$X`` and ``${X…}``.

Follows BuildKit's ``frontend/dockerfile/shell``. What its newest version knows (``${X-d}``, ``${X#p}``,
``${X/a/b}``) is read too; older engines refuse those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from edk.domain.dockerfile.lines import GO_SPACE
from edk.domain.dockerfile.shellpatterns import ShellError, replaced, trimmed

MAX_RESULT = 256 * 1024
"""A longer expansion is refused: ``ENV A=$A$A`` repeated would otherwise fill the memory."""

MAX_DEPTH = 100
"""Deeper nesting of ``${A:-${B:-…`` is refused."""

_SPECIAL = frozenset("@*#?-$!0")
_PLAIN = re.compile(r"[^'\"$<\\`\ufeff\udc80-\udcff]*")
_END = ""


class WordLexer:
    """Expands one word, or one text into words.

    Args:
        text: to expand.
        env: values of the variables.
        escape: the Dockerfile's escape character.
        raw_quotes: whether quotes stay.
        raw_escapes: whether escape characters stay.
        skip_unset: whether variables without a value stay as written.

    After `expand`, `matched` and `unmatched` tell which variables had a value and which had none.
    """

    def __init__(
        self,
        text: str,
        env: Mapping[str, str],
        escape: str = "\\",
        *,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        skip_unset: bool = False,
    ) -> None:
        self._text = text.removeprefix("\ufeff")
        self._at = 0
        self._env = env
        self._escape = escape
        self._raw_quotes = raw_quotes
        self._raw_escapes = raw_escapes
        self._skip_unset = skip_unset
        self._depth = 0
        self._words: list[str] = []
        self._word: list[str] = []
        self.matched: set[str] = set()
        self.unmatched: set[str] = set()

    def expand(self) -> str:
        """Return the word expanded.

        Raises:
            ShellError: where the engine would refuse.
        """
        return self._until(_END, self._raw_escapes)

    def words(self) -> list[str]:
        """Return the words of the text, expanded before they are split.

        Raises:
            ShellError: where the engine would refuse.
        """
        self._until(_END, self._raw_escapes)
        self._end_word()
        return self._words

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else _END

    def _take(self) -> str:
        char = self._peek()
        self._at += 1
        return char

    def _until(self, stop: str, raw_escapes: bool) -> str:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ShellError("substitutions are nested too deeply")
        before, self._raw_escapes = self._raw_escapes, raw_escapes
        self._words, self._word = [], []
        out: list[str] = []
        size = 0
        while (char := self._peek()) != _END:
            if char == stop:
                self._at += 1
                break
            part = self._step(char)
            size += len(part)
            if size > MAX_RESULT:
                raise ShellError(f"the expanded word is longer than {MAX_RESULT} characters")
            out.append(part)
        else:
            if stop != _END:
                raise ShellError(f"unexpected end of statement while looking for matching {stop}")
        self._raw_escapes = before
        self._depth -= 1
        return "".join(out)

    def _step(self, char: str) -> str:
        """Take what begins with a character; return what becomes of it."""
        if char == "$":
            part = self._dollar()
            for each in part:
                self._add(each)
            return part
        if char in "'\"<":
            part = self._less() if char == "<" else self._single() if char == "'" else self._double()
            self._word.append(part)
            return part
        self._at += 1
        if char != self._escape:
            self._add(char)
            return char
        escaped = self._take()
        kept = char if self._raw_escapes else ""
        self._word.append(kept + escaped)
        return kept + escaped

    def _add(self, char: str) -> None:
        if char in GO_SPACE:
            self._end_word()
        else:
            self._word.append(char)

    def _end_word(self) -> None:
        if any(self._word):
            self._words.append("".join(self._word))
        self._word = []

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise ShellError("unexpected end of statement while looking for matching single-quote")
        start, self._at = self._at, end + 1
        return self._text[start : end + 1] if self._raw_quotes else self._text[start + 1 : end]

    def _double(self) -> str:
        self._at += 1
        quote = '"' if self._raw_quotes else ""
        out = [quote]
        while (char := self._peek()) != '"':
            if char == _END:
                raise ShellError("unexpected end of statement while looking for matching double-quote")
            if char == "$":
                out.append(self._dollar())
                continue
            self._at += 1
            if char == self._escape:
                if self._raw_escapes:
                    out.append(char)
                following = self._peek()
                if following == _END:
                    continue
                if following in ('"', "$", self._escape):
                    char = self._take()
            out.append(char)
        self._at += 1
        return "".join([*out, quote])

    def _less(self) -> str:
        """Take ``<`` or, before a heredoc's word, ``<<`` with the blanks behind it."""
        start = self._at
        self._at += 1
        if self._peek() == "<":
            self._at += 1
            while self._peek() and self._peek() in "\t\r ":
                self._at += 1
        return self._text[start : self._at]

    def _dollar(self) -> str:
        self._at += 1
        if self._peek() != "{":
            name = self._name()
            return self._value(name, f"${name}") if name else "$"
        self._at += 1
        if self._peek() == _END:
            raise ShellError("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise ShellError("syntax error: bad substitution")
        name = self._name()
        modifier = self._take()
        if modifier == "}":
            return self._value(name, f"${{{name}}}")
        null_is_unset = modifier == ":"
        if null_is_unset:
            modifier = self._take()
        if modifier == "/" and not null_is_unset:
            return self._replaced(name)
        if modifier and modifier in ("+-?" if null_is_unset else "+-?#%"):
            return self._modified(name, modifier, null_is_unset)
        raise ShellError(f"unsupported modifier ({':' * null_is_unset}{modifier}) in substitution")

    def _inner(self, stop: str, raw_escapes: bool) -> str:
        """Expand up to a stop character; the words collected outside stay as they are."""
        words, word = self._words, self._word
        try:
            return self._until(stop, raw_escapes)
        except ShellError as error:
            if self._peek() == _END:
                raise ShellError(f"syntax error: missing '{stop}'") from error
            raise
        finally:
            self._words, self._word = words, word

    def _lookup(self, name: str) -> str | None:
        value = self._env.get(name)
        (self.unmatched if value is None else self.matched).add(name)
        return value

    def _value(self, name: str, written: str) -> str:
        value = self._lookup(name)
        if value is None:
            return written if self._skip_unset else ""
        return value

    def _modified(self, name: str, modifier: str, null_is_unset: bool) -> str:
        word = self._inner("}", modifier in "#%")
        value = self._lookup(name)
        if value is None and self._skip_unset:
            return f"${{{name}{':' * null_is_unset}{modifier}{word}}}"
        unset = value is None or (null_is_unset and not value)
        if modifier in "-+":
            return (word if unset else value or "") if modifier == "-" else ("" if unset else word)
        if modifier == "?":
            if unset:
                state = "unset" if value is None else "empty"
                raise ShellError(f"{name}: {word or f'is not allowed to be {state}'}")
            return value or ""
        return trimmed(word, value or "", modifier)

    def _replaced(self, name: str) -> str:
        every = self._peek() == "/"
        self._at += every
        pattern = self._inner("/", True)
        replacement = self._inner("}", True)
        value = self._lookup(name)
        if value is None and self._skip_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        return replaced(pattern, replacement, value or "", every=every)

    def _name(self) -> str:
        start = self._at
        char = self._peek()
        if char.isdigit():
            while self._peek().isdigit():
                self._at += 1
        elif char and char in _SPECIAL:
            self._at += 1
        else:
            while (char := self._peek()) and (char == "_" or char.isalnum()):
                self._at += 1
        return self._text[start : self._at]


def is_plain(text: str) -> bool:
    """Return whether a text has nothing to expand, whatever the escape character."""
    return _PLAIN.fullmatch(text) is not None
