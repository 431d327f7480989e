from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator


class LungSegmentOperator(KaapanaBaseOperator):
    """Segments the lungs of a chest CT."""

    def __init__(self, dag, name="lung-segment", **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image=f"{DEFAULT_REGISTRY}/lung-tools:{KAAPANA_BUILD_VERSION}",
            image_pull_secrets=["registry-secret"],
            ram_mem_mb=2000,
            **kwargs,
        )
