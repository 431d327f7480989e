from datetime import timedelta

from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator


class @@camel@@Operator(KaapanaBaseOperator):
    """Runs the image @@name@@ on the output of another operator, its `input_operator`."""

    def __init__(self, dag, name="@@name@@", execution_timeout=timedelta(minutes=30), **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image=f"{DEFAULT_REGISTRY}/@@name@@:{KAAPANA_BUILD_VERSION}",
            image_pull_secrets=["registry-secret"],
            execution_timeout=execution_timeout,
            # What the scheduler keeps free for it, and what it is ended at, in MB.
            ram_mem_mb=1000,
            ram_mem_mb_lmt=4000,
            **kwargs,
        )
