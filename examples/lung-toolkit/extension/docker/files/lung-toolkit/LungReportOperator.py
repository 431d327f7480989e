from kaapana.blueprints.kaapana_global_variables import KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator

REGISTRY = "localhost:32000"
IMAGE_NAME = "lung-report"


class LungReportOperator(KaapanaBaseOperator):
    """Gathers the findings of other operators into one page."""

    image_name = REGISTRY + "/" + IMAGE_NAME

    def __init__(self, dag, name="lung-report", report_on=(), **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image=self.image_name + ":" + KAAPANA_BUILD_VERSION,
            env_vars={"REPORT_DIRS": ",".join(operator.operator_out_dir for operator in report_on)},
            **kwargs,
        )
