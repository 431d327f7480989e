"""Codes EDK6xx: Kaapana's conventions, which `edk check` alone looks at, save EDK601: a build tells it too."""

from __future__ import annotations

from edk.domain.diagnostics import Code

MISSPELT_IMAGE = Code(
    "EDK601",
    "warning",
    "an image that nobody builds",
    "No Dockerfile yields the image, and it is not one that the platform brings either: its name is almost that of "
    "an image which is built here, or it is asked for from the local registry, which only the EDK fills. The "
    "operator's pod would stay in ImagePullBackOff.",
    "correct the name here or in the Dockerfile's LABEL IMAGE, or add the Dockerfile",
)
DOUBLED_LABEL = Code(
    "EDK602",
    "warning",
    "a label is set twice",
    "The last one counts, and the platform's own build, which reads labels line by line, may take the other.",
    "keep one of them; `edk check --fix` removes a second one of the same value",
)
NO_VERSION = Code(
    "EDK603",
    "info",
    "a Dockerfile has no label VERSION",
    "The platform's guide asks for it beside IMAGE. It is no tag any more, but it is how people tell what is in an "
    "image.",
    'add LABEL VERSION="0.1.0" below LABEL IMAGE',
)
NOT_MARKED_LOCAL = Code(
    "EDK604",
    "warning",
    "a local-only base is not marked as one",
    "Another Dockerfile stands on it by the name local-only/…, which the platform's own build gives to images with "
    'LABEL REGISTRY="local-only" alone. With the EDK both names are one registry, so it would go wrong elsewhere '
    "only.",
    'add LABEL REGISTRY="local-only"; `edk check --fix` does',
)
NO_CUSTOM_REGISTRY = Code(
    "EDK605",
    "info",
    "custom_registry_url is missing",
    "Without global.custom_registry_url the DAG image is pulled from the registry that the platform was deployed "
    "from, where a locally built one is not. The EDK writes it into the copy that it packages; `helm package` does "
    "not.",
    'add custom_registry_url: "localhost:32000" below global: in values.yaml; `edk check --fix` does',
)
ODD_TAG = Code(
    "EDK606",
    "warning",
    "a tag that no other build makes",
    "The tag is neither the platform's version nor the Dockerfile's VERSION, nor latest of a local-only base. The "
    "EDK gives the image every tag that is asked for, but the platform's own build does not, and an old tag is often "
    "a forgotten one.",
    "write {KAAPANA_BUILD_VERSION} for an image, :latest for a local-only base",
)
IGNORED_IMAGE = Code(
    "EDK607",
    "warning",
    "an image that is referred to is set to be ignored",
    "LABEL BUILD_IGNORE keeps its Dockerfile from being built, here and by the platform, so what refers to it gets "
    "an old image or none.",
    'set LABEL BUILD_IGNORE="False", or remove the reference',
)
HIDDEN_OPERATOR = Code(
    "EDK608",
    "warning",
    "a file names an image, but is not called an operator",
    "Only Python files with “operator” in their name and those that begin with dag_ are looked at, by the platform's "
    "build as by the EDK. The image that this one names is not built for it, and does not follow what was built.",
    "call the file …Operator.py, and correct the imports of it",
)
WRONG_DAG_FOLDER = Code(
    "EDK609",
    "error",
    "a DAG imports what is copied to another folder",
    "Airflow finds modules below its dags folder, which /kaapana/tmp/dags/ of the DAG image becomes. The import "
    "fails, and the workflow never appears in the list.",
    "copy the file to the folder that the import names; `edk check --fix` changes the destination where that is "
    "enough",
)
NOT_SHIPPED = Code(
    "EDK610",
    "info",
    "a DAG or operator beside a DAG image is not copied into it",
    "The file lies in the context of a DAG image and is called as one that the platform runs, but no COPY takes it.",
    "add a COPY to /kaapana/tmp/dags/, or move the file away",
)
DANGLING_PATH = Code(
    "EDK611",
    "warning",
    "file:// leads to no chart",
    "The EDK and the platform's build find dependencies by their names. helm itself follows the path, and `helm "
    "dependency update` fails. A relative path is right in one place alone.",
    "name the folder of the chart; `edk check --fix` does where it is known",
)
ADMIN_NAMESPACE = Code(
    "EDK612",
    "error",
    "a chart has a resource in the admin namespace",
    "The platform refuses to take an uploaded chart with a resource in its admin namespace.",
    "use {{ .Values.global.services_namespace }} or {{ .Values.global.project_namespace }}",
)
ENV_NOT_TEXT = Code(
    "EDK613",
    "error",
    "env_vars holds something that is no text",
    "Keys and values of an operator's env_vars go into the pod as they are, and Kubernetes refuses a pod whose "
    "variables are no texts. With dev_server None is refused, too.",
    "write it in quotes, or put str( … ) around it; `edk check --fix` quotes numbers, True and False",
)
NO_CODE_SERVER = Code(
    "EDK614",
    "warning",
    "dev_server on an image without code-server",
    "dev_server starts code-server inside of the operator's image, and it is installed in images on base-python-cpu "
    "or base-python-gpu alone. The task would wait for ever for an application that does not start.",
    "build the image FROM local-only/base-python-cpu:latest, or leave dev_server out",
)
DEV_SERVER_UNKNOWN = Code(
    "EDK615",
    "error",
    "dev_server is not code-server",
    "The base operator takes None or “code-server” and raises an error for anything else when the DAG is loaded, so "
    "that the workflow never appears.",
    'write dev_server="code-server"',
)
LATEST_BASE = Code(
    "EDK616",
    "warning",
    "a base from outside without a version",
    "What latest is changes without any file changing: the same sources give another image tomorrow, and nobody can "
    "say which one a result came from.",
    "name a version, better a digest: FROM name:version@sha256:…",
)
CLUSTER_ADDRESS = Code(
    "EDK617",
    "info",
    "a local-only base by an address of one cluster",
    "The address of a local registry is known in its cluster alone. local-only/ means the same to the EDK and is "
    "understood by the platform's build, too.",
    "write FROM local-only/…; `edk check --fix` does",
)
NO_INSTALLER = Code(
    "EDK618",
    "warning",
    "a chart with a DAG image does not depend on the DAG installer",
    "global.image names a DAG image, but it is dag-installer-chart that copies what is in it into Airflow. Without "
    "that dependency the extension installs, and no workflow appears.",
    "add dag-installer-chart, version 0.0.0, to requirements.yaml",
)
NO_KEYWORD = Code(
    "EDK619",
    "warning",
    "a chart without a keyword of the platform",
    "The Extensions page lists charts with the keyword kaapanaworkflow or kaapanaapplication alone. One without is "
    "taken and never shown.",
    "add keywords: [kaapanaworkflow], or kaapanaapplication, to Chart.yaml",
)
UNUSED_SUPPRESSION = Code(
    "EDK690",
    "warning",
    "a suppression suppresses nothing",
    "What it was written for is gone, and it would hide the next one silently.",
    "remove it",
)
BAD_SUPPRESSION = Code(
    "EDK691",
    "error",
    "a suppression without a known code",
    "A comment `edk: ignore` names the codes that it is for in brackets, each of them one that there is; it has no "
    "effect otherwise.",
    "write # edk: ignore[EDK601], or # edk: ignore-file[EDK601]",
)

CODES: tuple[Code, ...] = (
    MISSPELT_IMAGE,
    DOUBLED_LABEL,
    NO_VERSION,
    NOT_MARKED_LOCAL,
    NO_CUSTOM_REGISTRY,
    ODD_TAG,
    IGNORED_IMAGE,
    HIDDEN_OPERATOR,
    WRONG_DAG_FOLDER,
    NOT_SHIPPED,
    DANGLING_PATH,
    ADMIN_NAMESPACE,
    ENV_NOT_TEXT,
    NO_CODE_SERVER,
    DEV_SERVER_UNKNOWN,
    LATEST_BASE,
    CLUSTER_ADDRESS,
    NO_INSTALLER,
    NO_KEYWORD,
    UNUSED_SUPPRESSION,
    BAD_SUPPRESSION,
)
