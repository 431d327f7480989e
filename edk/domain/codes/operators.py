"""Codes EDK1xx: reading of operator and DAG files."""

from __future__ import annotations

from edk.domain.diagnostics import Code

SYNTAX_ERROR = Code(
    "EDK101",
    "error",
    "Python file with a syntax error",
    "The parser can't make sense of a part of this file. Images named in the rest of it are used all the same, "
    "but one that stands in the broken part may be missed.",
    "Correct the syntax at this place",
)
RUN_TIME_IMAGE = Code(
    "EDK102",
    "warning",
    "Image known at run time only",
    "The image depends on something that is known only when the workflow runs, such as an environment variable, "
    "a call or a configuration. It can't be built along with the extension.",
    "If it is an image of this extension, name it by constants; else make sure that the registry has it",
)
ENCODING = Code(
    "EDK103",
    "error",
    "Python file in an encoding that Python does not read",
    "Bytes of the file do not fit its encoding (UTF-8 unless a comment in the first two lines says otherwise), or it "
    "holds null bytes. The platform could not import it. Images in it are read as far as possible.",
    "Save the file as UTF-8",
)
TOO_LARGE = Code(
    "EDK104",
    "error",
    "Python file beyond the limits of reading",
    "The file is larger, or names more images, than any operator does. What is beyond the limit is not looked at.",
    "Move data and generated code into files of their own",
)
INVALID_REFERENCE = Code(
    "EDK105",
    "error",
    "Image that is no valid reference",
    "The value is fully known, but no engine accepts it as the reference of an image.",
    "Write registry/name:tag, with a name in lower case",
)

CODES: tuple[Code, ...] = (SYNTAX_ERROR, RUN_TIME_IMAGE, ENCODING, TOO_LARGE, INVALID_REFERENCE)
