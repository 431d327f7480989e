"""A new extension: what it is called, which templates it is made of, and what stands in their placeholders."""

from __future__ import annotations

import json
from dataclasses import dataclass

from edk.domain.naming import camel_of, module_of, title_of

WRAPPER = "run.sh"


@dataclass(frozen=True, slots=True)
class NewExtension:
    """What to make.

    Args:
        name: of the extension and of its processing container; see `edk.domain.naming.problem_of`.
        gpu: whether it computes on the graphics card.
        v2: whether its workflow is one of the second generation, of tasks instead of operators.
        from_image: what the processing container is built from; empty: the platform's base for Python.
    """

    name: str
    gpu: bool = False
    v2: bool = False
    from_image: str = ""

    @property
    def images(self) -> tuple[str, ...]:
        """Return the names of the images that it will have."""
        return (self.name,) if self.v2 else (self.name, f"dag-{self.name}")

    @property
    def chart(self) -> str:
        """Return the name of the chart that it will have."""
        return f"{self.name}-workflow"

    @property
    def base(self) -> str:
        """Return what the processing container is built from."""
        return self.from_image or f"local-only/base-python-{'gpu' if self.gpu else 'cpu'}:latest"

    @property
    def layers(self) -> tuple[str, ...]:
        """Return the folders of templates; files of a later one take the place of those of an earlier one."""
        if self.v2:
            return "workflow-v2", "wrapper-v2" if self.from_image else "program-v2"
        return (
            "workflow",
            *(("workflow-gpu",) if self.gpu else ()),
            "wrapper" if self.from_image else "program",
        )

    @property
    def values(self) -> dict[str, str]:
        """Return what stands in the placeholders."""
        module = module_of(self.name)
        home = "/home/kaapana"
        program = WRAPPER if self.from_image else f"{module}.py"
        process = ["/bin/sh", f"{home}/{WRAPPER}"] if self.from_image else ["python3", "-u", f"{home}/{program}"]
        example = (
            ["/bin/sh", f"{home}/example/make.sh"]
            if self.from_image
            else ["python3", "-u", f"{home}/example/make_image.py"]
        )
        limits = {"memory": "4000Mi"} | ({"nvidia.com/gpu": "1"} if self.gpu else {})
        return {
            "name": self.name,
            "module": module,
            "camel": camel_of(self.name),
            "title": title_of(self.name),
            "base": self.base,
            "program": program,
            "process_command": json.dumps(process),
            "example_command": json.dumps(example),
            "limits": json.dumps(limits),
        }
