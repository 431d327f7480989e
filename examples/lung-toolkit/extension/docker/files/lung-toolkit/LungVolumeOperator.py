from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator


class LungVolumeOperator(KaapanaBaseOperator):
    """Measures the volume of each label of a mask."""

    def __init__(self, dag, name="lung-volume", **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image="{}/lung-tools:{}".format(DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION),
            cmds=["python3"],
            arguments=["-u", "/kaapana/app/volume.py"],
            **kwargs,
        )
