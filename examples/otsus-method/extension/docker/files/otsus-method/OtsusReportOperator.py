from datetime import timedelta

from kaapana.blueprints.kaapana_global_variables import KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator


class OtsusReportOperator(KaapanaBaseOperator):
    """Reports on the segmentations of OtsusMethodOperator: one HTML page an image.

    Runs another program of the same image, which is named here by the local registry's own address: that
    is where an image lies that was built inside the platform.
    """

    def __init__(self, dag, name="otsus-report", execution_timeout=timedelta(minutes=5), **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image=f"localhost:32000/otsus-method:{KAAPANA_BUILD_VERSION}",
            cmds=["python3"],
            arguments=["-u", "/kaapana/app/otsus_report.py"],
            execution_timeout=execution_timeout,
            ram_mem_mb=500,
            **kwargs,
        )
