"""Codes EDK4xx: names, targets and the graph."""

from __future__ import annotations

from edk.domain.diagnostics import Code

NO_IMAGE_LABEL = Code(
    "EDK401",
    "warning",
    "a Dockerfile has no label IMAGE",
    "The label IMAGE says what the image is called. Without it the Dockerfile is listed, but nothing can "
    "refer to it, and it is not built.",
    'add LABEL IMAGE="name" to the last stage',
)
AMBIGUOUS = Code(
    "EDK402",
    "error",
    "two Dockerfiles yield one image",
    "Both would be pushed under one name, and which of them a workflow runs would be left to chance. "
    "Neither is built, nor what stands on them.",
    'rename one of them, or set LABEL BUILD_IGNORE="True" in the one that is not used',
)
UNKNOWN_BASE = Code(
    "EDK403",
    "error",
    "no Dockerfile yields a local-only image",
    "Images under local-only/ exist only where a Dockerfile builds them; they are never looked up in a "
    "registry outside, where anybody could have put one of that name.",
    "mend the name, or run ./init.sh so that the platform's repository with its bases is there",
)
CYCLE = Code(
    "EDK404",
    "error",
    "images stand on each other in a circle",
    "Each waits for the other, so none can be built. An engine would take an older version that it happens "
    "to have.",
    "break the circle: one of the FROM or --from= must name another image",
)
INVALID_NAME = Code(
    "EDK405",
    "error",
    "a name or tag is not allowed",
    "Names of images are lower-case letters, digits and single separators; tags are at most 128 letters, "
    "digits, '_', '.' and '-'. A registry refuses anything else, after the build.",
    "mend the name",
)
NOT_LOCAL = Code(
    "EDK406",
    "info",
    "no Dockerfile yields an image that is referred to",
    "The image is expected in the platform's own registry, under the version of the platform. Nothing is "
    "built for it.",
    "if it should be built here, mend the name or add its Dockerfile",
)
IGNORED_BASE = Code(
    "EDK407",
    "error",
    "an image stands on one that is set to be ignored",
    "LABEL BUILD_IGNORE says that the base is not built, so what stands on it can't be built either.",
    'set LABEL BUILD_IGNORE="False" in the base, or build from another one',
)
UNREFERENCED_TAG = Code(
    "EDK408",
    "warning",
    "a tag holds a variable that is known at run time only",
    "Which tag will be asked for can't be known here, so it can't be made to exist.",
    "write {KAAPANA_BUILD_VERSION} or a literal tag",
)
MISSING_SOURCE = Code(
    "EDK409",
    "warning",
    "COPY or ADD names a file that does not exist",
    "The engine would fail at this instruction, after it has run all those before it.",
    "mend the path; it is relative to the folder of the Dockerfile",
)
LARGE_CONTEXT = Code(
    "EDK410",
    "warning",
    "a build context is very large",
    "All of it is hashed at each change and streamed to the engine at each build.",
    "copy less, or leave things out in .dockerignore",
)
NAMES_ITSELF = Code(
    "EDK411",
    "warning",
    "an image ships a file that names the image itself, or one that stands on it",
    "The reference can't be put in terms of what was built, for it would have to be known before it is built. It stays "
    "as it is written, so a node that has an image of that tag goes on using it.",
    "ship the file in another image",
)
CODES: tuple[Code, ...] = (
    NO_IMAGE_LABEL,
    AMBIGUOUS,
    UNKNOWN_BASE,
    CYCLE,
    INVALID_NAME,
    NOT_LOCAL,
    IGNORED_BASE,
    UNREFERENCED_TAG,
    MISSING_SOURCE,
    LARGE_CONTEXT,
    NAMES_ITSELF,
)
