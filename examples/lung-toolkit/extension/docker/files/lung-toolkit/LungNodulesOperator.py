from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator

from lung_toolkit.lung_constants import PULL_SECRETS


class LungNodulesOperator(KaapanaBaseOperator):
    """Finds nodules, with the one release of the search that was validated."""

    def __init__(self, dag, name="lung-nodules", **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image=f"{DEFAULT_REGISTRY}/lung-nodules:1.2.0",
            image_pull_secrets=PULL_SECRETS,
            **kwargs,
        )
