from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator

from lung_toolkit.lung_constants import TOOLS_IMAGE


class LungPreviewOperator(KaapanaBaseOperator):
    """Draws the middle slice of an image with its lung mask."""

    def __init__(self, dag, name="lung-preview", mask_operator=None, **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image="%s/%s:%s" % (DEFAULT_REGISTRY, TOOLS_IMAGE, KAAPANA_BUILD_VERSION),
            cmds=["python3"],
            arguments=["-u", "/kaapana/app/preview.py"],
            env_vars={"MASK_DIR": mask_operator.operator_out_dir if mask_operator else "lung-segment"},
            **kwargs,
        )
