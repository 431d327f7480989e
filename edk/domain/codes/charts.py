"""Codes EDK3xx: reading and packaging of charts."""

from __future__ import annotations

from edk.domain.diagnostics import Code

YAML_BROKEN = Code(
    "EDK301",
    "error",
    "A chart's file is no YAML",
    "The file can't be read as YAML: a tab as indentation, a control character, an encoding other than UTF-8 "
    "or a plain mistake. What stands before that place is still read.",
    "Correct the file at this line; `helm lint` shows the same place",
)
SEVERAL_DOCUMENTS = Code(
    "EDK302",
    "error",
    "Several YAML documents in one file",
    "A line `---` starts a second document; helm reads only the first and drops the rest silently.",
    "Remove the line `---` or the second document",
)
TEMPLATE_IN_YAML = Code(
    "EDK303",
    "error",
    "A template expression outside templates/",
    "`{{ … }}` is only filled in below `templates/`; in `Chart.yaml`, `values.yaml` and `requirements.yaml` "
    "an unquoted one is a nested mapping, which no chart means.",
    "Write the value itself, or put the expression in quotes and evaluate it in a template with `tpl`",
)
LIMIT_EXCEEDED = Code(
    "EDK304",
    "error",
    "A chart's file is too large or too deep",
    "Size, nesting and the number of values after following aliases are bounded, so that no file can exhaust "
    "time or memory.",
    "Make the file smaller; move data into `files/`",
)
TAG_REFUSED = Code(
    "EDK305",
    "error",
    "A YAML tag that would make objects",
    "Tags such as `!!python/object` ask the reader to run code; they are never followed.",
    "Remove the tag",
)
DUPLICATE_KEY = Code(
    "EDK306",
    "warning",
    "A key stands twice",
    "The last one counts, the others have no effect.",
    "Remove all but one",
)
TEXT_MISREAD = Code(
    "EDK307",
    "warning",
    "An unquoted text that YAML takes for something else",
    "`no` is a boolean, `1.10` the number 1.1 and `012` the number 10. The text is kept as written here, "
    "helm may refuse or change it.",
    "Put it in double quotes",
)
FIELD_MISSING = Code(
    "EDK308",
    "error",
    "A field of a chart is missing or of the wrong kind",
    "helm needs `name`, `version` and `apiVersion` in `Chart.yaml`, and a `name` in each dependency.",
    "Add the field",
)
NAME_UNUSABLE = Code(
    "EDK309",
    "error",
    "A chart's name can't be used",
    "The name becomes a file name and a part of Kubernetes names: letters, digits, `.`, `_` and `-` only.",
    "Rename the chart",
)
VERSION_UNUSABLE = Code(
    "EDK310",
    "warning",
    "A chart's version is no semantic version",
    "helm refuses a chart whose version is not of the form 1.2.3. The version of a packaged extension is the "
    "platform's, so this concerns sub-charts alone.",
    'Write a version such as "0.0.0"',
)
CONTAINER_BROKEN = Code(
    "EDK311",
    "error",
    "A processing-container.json is no JSON object",
    "The platform reads the templates of a processing container from this file.",
    "Correct the file at this line",
)
TEMPLATE_SKIPPED = Code(
    "EDK312",
    "warning",
    "A template was not read",
    "The file is larger than what helm takes, so images that it names are not known.",
    "Make the file smaller",
)
DEPENDENCY_MISSING = Code(
    "EDK313",
    "error",
    "A dependency of a chart is nowhere to be found",
    "Dependencies are looked up by the chart's name: in the chart's own `charts/` folder, the extension, the "
    "extensions folder, the platform's repository and the bundled charts.",
    "Correct the name, or clone the platform's repository with `edk init`",
)
DEPENDENCY_CYCLE = Code(
    "EDK314",
    "error",
    "Charts depend on each other in a circle",
    "A chart that contains itself can't be packaged.",
    "Remove one of the dependencies",
)
NAME_TWICE = Code(
    "EDK315",
    "error",
    "Two charts have one name",
    "Their archives would be one file, and the platform would keep the one that was sent last. Neither is packaged.",
    "Rename one of them, or package one extension alone",
)

CODES: tuple[Code, ...] = (
    YAML_BROKEN,
    SEVERAL_DOCUMENTS,
    TEMPLATE_IN_YAML,
    LIMIT_EXCEEDED,
    TAG_REFUSED,
    DUPLICATE_KEY,
    TEXT_MISREAD,
    FIELD_MISSING,
    NAME_UNUSABLE,
    VERSION_UNUSABLE,
    CONTAINER_BROKEN,
    TEMPLATE_SKIPPED,
    DEPENDENCY_MISSING,
    DEPENDENCY_CYCLE,
    NAME_TWICE,
)
