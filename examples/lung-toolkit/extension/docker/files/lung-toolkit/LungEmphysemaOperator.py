from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator

from lung_toolkit.lung_constants import EMPHYSEMA_IMAGE, PULL_SECRETS


class LungEmphysemaOperator(KaapanaBaseOperator):
    """Gives the share of emphysema in the lungs."""

    def __init__(self, dag, name="lung-emphysema", **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image=(f"{DEFAULT_REGISTRY}/{EMPHYSEMA_IMAGE}:{KAAPANA_BUILD_VERSION}"),
            image_pull_secrets=PULL_SECRETS,
            **kwargs,
        )
