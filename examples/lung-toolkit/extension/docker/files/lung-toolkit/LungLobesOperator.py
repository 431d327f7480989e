from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator


class LungLobesOperator(KaapanaBaseOperator):
    """Divides the lungs into lobes: by an atlas, or refined on a graphics card."""

    def __init__(self, dag, name="lung-lobes", use_gpu=False, **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image=f"{DEFAULT_REGISTRY}/lung-lobes-gpu:{KAAPANA_BUILD_VERSION}"
            if use_gpu
            else f"{DEFAULT_REGISTRY}/lung-lobes:{KAAPANA_BUILD_VERSION}",
            gpu_mem_mb=1000 if use_gpu else None,
            **kwargs,
        )
