"""Codes EDK2xx: reading of Dockerfiles, .dockerignore files and contexts."""

from __future__ import annotations

from edk.domain.diagnostics import Code

NOT_PARSED = Code(
    "EDK201",
    "error",
    "Dockerfile does not parse",
    "The engine would refuse this Dockerfile at this line, before it builds anything. The other images are "
    "built all the same.",
    "Mend the line; the reference of all instructions is https://docs.docker.com/reference/dockerfile/",
)
NO_STAGE = Code(
    "EDK202",
    "error",
    "No FROM",
    "A Dockerfile needs a FROM before any instruction other than ARG. This one is empty, holds only "
    "comments, or begins with another instruction.",
    "Begin with a FROM line, e.g. `FROM local-only/base-python-cpu:latest`",
)
UNKNOWN_INSTRUCTION = Code(
    "EDK203",
    "error",
    "Unknown instruction",
    "The line begins with a word that is no instruction. Often a `\\` is missing at the end of the line "
    "above.",
    "Correct the word, or end the line above with `\\` if this line belongs to it",
)
UNDEFINED_ARG = Code(
    "EDK204",
    "error",
    "FROM with an undefined ARG",
    "FROM can only use ARGs that are declared before the first FROM and that have a value: a default, or a "
    "`--build-arg`. Without one the reference is not valid.",
    "Declare it with a default before the first FROM (`ARG NAME=value`), or give `--build-arg NAME=value`",
)
INVALID_REFERENCE = Code(
    "EDK205",
    "error",
    "Not an image reference",
    "What is named here, ARGs substituted, is no valid image reference: repository names are lower case, and "
    "a tag is at most 128 letters, digits, `_`, `.` and `-`.",
    "Correct the reference",
)
UNSET_ARG = Code(
    "EDK206",
    "warning",
    "FROM uses an ARG without a value",
    "An ARG without a value is substituted by nothing. The reference is valid without it, but probably not "
    "the one that is meant.",
    "Declare it with a default before the first FROM (`ARG NAME=value`)",
)
LONG_LINE = Code(
    "EDK207",
    "error",
    "Line too long",
    "The engine reads no line of a Dockerfile that is longer than 65,535 bytes.",
    "Break the line with `\\`, or COPY the data from a file",
)
FOREIGN_SYNTAX = Code(
    "EDK208",
    "warning",
    "Syntax image not allowed",
    "A `# syntax=` line names an image that translates the Dockerfile and runs with the rights of the "
    "build. Only docker/dockerfile is allowed; the line is left out, and the engine's own translator reads "
    "the file.",
    "Remove the line, or name docker/dockerfile:1",
)
BAD_IGNORE_PATTERN = Code(
    "EDK209",
    "error",
    "Bad pattern in .dockerignore",
    "The engine refuses a `.dockerignore` with this line, so the image can't be built.",
    "Mend the pattern: `[` needs its `]`, and `!` needs a pattern behind it",
)
BAD_SUBSTITUTION = Code(
    "EDK210",
    "error",
    "Substitution that the engine refuses",
    "Quotes or a `${…}` of this line can't be read, or a variable that must be set is not.",
    "Close the quote or brace, or set the variable",
)
WHOLE_CONTEXT = Code(
    "EDK211",
    "info",
    "The whole context counts",
    "A source of COPY, ADD or a bind mount depends on a variable that may come from the base image, so it "
    "can't be known which files are used. All files of the folder are sent, and a change of any of them "
    "builds the image anew.",
    "Name the source literally, or by an ARG of this Dockerfile",
)
BAD_STAGE = Code(
    "EDK212",
    "error",
    "No such build stage",
    "`--from=` or `from=` names a stage that is not there, that comes later, or that is given by a variable. "
    "The engine only copies and mounts from earlier stages, by name or index, and from images.",
    "Name an earlier stage; for a variable, declare a stage with `FROM ${NAME} AS name` and copy from it",
)
TOO_LARGE = Code(
    "EDK213",
    "error",
    "Dockerfile too large",
    "Dockerfiles, and .dockerignore files, above a limit are not read.",
    "Move data into files of their own and COPY them",
)
OPEN_LABEL = Code(
    "EDK214",
    "warning",
    "Label depends on the base image",
    "The value of a label that the EDK needs uses a variable that this Dockerfile does not set. The base "
    "image may set it; the EDK reads it as empty.",
    "Write the value literally, or declare the variable with `ARG NAME=value` in this stage",
)
SEVERAL_NAMES = Code(
    "EDK215",
    "warning",
    "Several IMAGE labels",
    "The IMAGE label is set to different values in one Dockerfile. The one of the final stage names the "
    "image, or the last one if the final stage has none.",
    "Keep one LABEL IMAGE, in the final stage",
)
REMOTE_SOURCE = Code(
    "EDK217",
    "info",
    "ADD from the network",
    "What an ADD fetches from a URL or git repository may change without any file changing; the EDK does not "
    "notice and skips the image as unchanged.",
    "Use `edk build --force` after a change there, or put the file into the context",
)
EMPTY_CONTINUATION = Code(
    "EDK218",
    "warning",
    "Empty line in an instruction",
    "An empty line stands between lines that `\\` joins. The engine goes on behind it, for now.",
    "Remove the empty line, or the `\\` above it",
)
SECRET_VALUE = Code(
    "EDK219",
    "warning",
    "Secret in ARG or ENV",
    "A password, token or key stands literally in an ARG or ENV. It can be read from the image's history and "
    "configuration by everybody who can pull it, and from the repository as well. The value is never shown.",
    "Take it out, renew it, and give it to the container when it runs; a build step can mount it from a file",
)

CODES: tuple[Code, ...] = (
    NOT_PARSED,
    NO_STAGE,
    UNKNOWN_INSTRUCTION,
    UNDEFINED_ARG,
    INVALID_REFERENCE,
    UNSET_ARG,
    LONG_LINE,
    FOREIGN_SYNTAX,
    BAD_IGNORE_PATTERN,
    BAD_SUBSTITUTION,
    WHOLE_CONTEXT,
    BAD_STAGE,
    TOO_LARGE,
    OPEN_LABEL,
    SEVERAL_NAMES,
    REMOTE_SOURCE,
    EMPTY_CONTINUATION,
    SECRET_VALUE,
)
