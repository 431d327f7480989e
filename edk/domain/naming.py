"""Names of extensions: one word of a user's that becomes names of images, charts, Jobs, classes and modules."""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata

MAX_NAME = 40
"""With it the longest name made of it, that of the Job `install-<name>-workflow-<revision>`, is a DNS label of 63."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
# Runs of capitals and digits (CT, 3D) are one word, else each capital begins one.
_WORD = re.compile(r"[A-Z0-9]+(?![a-z])|[A-Z]?[a-z0-9]+")
# Packages that are in Airflow beside its standard library: the folder of a DAG's operators would lose to them.
_PACKAGES = frozenset({
    *("airflow", "attr", "boto3", "certifi", "click", "cryptography", "dateutil", "docker", "flask", "h5py", "httpx"),
    *("jinja2", "kaapana", "kaapanapy", "kubernetes", "markdown", "minio", "nibabel", "numpy", "opensearchpy"),
    *("packaging", "pandas", "pendulum", "pip", "plugins", "psycopg2", "pydantic", "pydicom", "pytz", "redis"),
    *("requests", "scipy", "setuptools", "sklearn", "sqlalchemy", "task_api", "task_api_operators", "test", "torch"),
    *("tqdm", "urllib3", "yaml"),
})
# The platform's own operators that the DAG of a new extension imports, or derives from.
_OPERATORS = frozenset({"KaapanaBase", "GetInput", "DcmConverter", "Minio", "LocalWorkflowCleaner"})


def problem_of(name: str) -> str:
    """Return why a text can't be the name of an extension, as the rest of a sentence; empty if it can."""
    if not name:
        return "it is empty"
    if not _NAME.fullmatch(name):
        return "names are words of a-z and 0-9 joined by single hyphens, and begin with a letter"
    if len(name) > MAX_NAME:
        return f"it is longer than {MAX_NAME} characters, and Kubernetes would refuse names made of it"
    if keyword.iskeyword(module_of(name)):
        return f"{module_of(name)!r} is a keyword of Python, so its DAG could import nothing of that name"
    if module_of(name) in sys.stdlib_module_names or module_of(name) in _PACKAGES:
        return f"Airflow would import its own {module_of(name)!r} where the DAG means the extension's"
    if camel_of(name) in _OPERATORS:
        return f"{camel_of(name)}Operator is one of the platform's own operators, which the DAG uses too"
    return ""


def nearest_name(text: str) -> str:
    """Return a name that is allowed and close to a text.

    >>> nearest_name("Lungen_Größe 2")
    'lungen-groe-2'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    joined = "-".join(_WORD.findall(plain)).lower() or "extension"
    return next(name for name in (_cut(joined), _cut(f"my-{joined}")) if not problem_of(name))


def module_of(name: str) -> str:
    """Return the Python module's name: that of the DAG's file and of the folder of its operators."""
    return name.replace("-", "_")


def camel_of(name: str) -> str:
    """Return what the operator's class is called, without the word Operator."""
    return "".join(word[0].upper() + word[1:] for word in name.split("-"))


def title_of(name: str) -> str:
    """Return the name as people write it."""
    return (name[0].upper() + name[1:]).replace("-", " ")


def _cut(name: str) -> str:
    return name[:MAX_NAME].rstrip("-")
