"""Segments lungs, measures them, searches them for nodules and emphysema, and reports on all of it."""

from datetime import timedelta

from airflow.models import DAG
from airflow.utils.dates import days_ago
from kaapana.operators.DcmConverterOperator import DcmConverterOperator
from kaapana.operators.GetInputOperator import GetInputOperator
from kaapana.operators.LocalWorkflowCleanerOperator import LocalWorkflowCleanerOperator
from kaapana.operators.MinioOperator import MinioOperator

from lung_toolkit.LungArchiveOperator import LungArchiveOperator
from lung_toolkit.LungEmphysemaOperator import LungEmphysemaOperator
from lung_toolkit.LungLobesOperator import LungLobesOperator
from lung_toolkit.LungModelOperator import LungModelOperator
from lung_toolkit.LungNodulesOperator import LungNodulesOperator
from lung_toolkit.LungPreviewOperator import LungPreviewOperator
from lung_toolkit.LungReportOperator import LungReportOperator
from lung_toolkit.LungSegmentOperator import LungSegmentOperator
from lung_toolkit.LungVolumeOperator import LungVolumeOperator

workflow_form = {
    "type": "object",
    "properties": {
        "lung_model_image": {
            "title": "Model",
            "description": "The image of the model to compare with.",
            "type": "string",
            "default": "",
        }
    },
}

dag = DAG(
    dag_id="lung-toolkit",
    default_args={
        "owner": "kaapana",
        "ui_visible": True,
        "ui_forms": {"workflow_form": workflow_form},
        "start_date": days_ago(0),
        "retries": 0,
        "retry_delay": timedelta(seconds=30),
    },
    schedule_interval=None,
)

fetch = GetInputOperator(dag=dag)
ct = DcmConverterOperator(dag=dag, input_operator=fetch, output_format="nii.gz")
segment = LungSegmentOperator(dag=dag, input_operator=ct)
lobes = LungLobesOperator(dag=dag, input_operator=segment)
volume = LungVolumeOperator(dag=dag, input_operator=lobes)
preview = LungPreviewOperator(dag=dag, input_operator=ct, mask_operator=segment)
nodules = LungNodulesOperator(dag=dag, input_operator=ct)
emphysema = LungEmphysemaOperator(dag=dag, input_operator=ct)
model = LungModelOperator(dag=dag, input_operator=ct)
report = LungReportOperator(
    dag=dag,
    input_operator=volume,
    report_on=(volume, preview, nodules, emphysema),
    trigger_rule="none_failed",  # the model is left out where none was chosen
)
archive = LungArchiveOperator(dag=dag, input_operator=report)
publish = MinioOperator(
    dag=dag,
    name="publish-report",
    action="put",
    minio_prefix="staticwebsiteresults",
    batch_input_operators=[report],
    whitelisted_file_extensions=(".html",),
)
clean = LocalWorkflowCleanerOperator(dag=dag, clean_workflow_dir=True)

fetch >> ct >> segment >> [lobes, preview]
lobes >> volume
ct >> [nodules, emphysema, model]
[volume, preview, nodules, emphysema, model] >> report >> [archive, publish] >> clean
