"""Converts series to NIfTI, segments them by Otsu's method, stores the result and a report on it."""

from datetime import timedelta

from airflow.models import DAG
from airflow.utils.dates import days_ago
from kaapana.operators.DcmConverterOperator import DcmConverterOperator
from kaapana.operators.DcmSendOperator import DcmSendOperator
from kaapana.operators.GetInputOperator import GetInputOperator
from kaapana.operators.Itk2DcmSegOperator import Itk2DcmSegOperator
from kaapana.operators.LocalWorkflowCleanerOperator import LocalWorkflowCleanerOperator
from kaapana.operators.MinioOperator import MinioOperator

from otsus_method.OtsusMethodOperator import OtsusMethodOperator
from otsus_method.OtsusReportOperator import OtsusReportOperator

workflow_form = {
    "type": "object",
    "properties": {
        "single_execution": {
            "title": "Single execution",
            "description": "Run one workflow for each series.",
            "type": "boolean",
            "default": False,
        }
    },
}

dag = DAG(
    dag_id="otsus-method",
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
to_nifti = DcmConverterOperator(dag=dag, input_operator=fetch, output_format="nii.gz")
segment = OtsusMethodOperator(dag=dag, input_operator=to_nifti)
to_dicom = Itk2DcmSegOperator(
    dag=dag,
    input_operator=fetch,
    segmentation_operator=segment,
    single_label_seg_info="abdomen",
    series_description="Otsu's method",
)
send = DcmSendOperator(dag=dag, input_operator=to_dicom)
report = OtsusReportOperator(dag=dag, input_operator=segment)
publish = MinioOperator(
    dag=dag,
    name="publish-report",
    action="put",
    minio_prefix="staticwebsiteresults",
    batch_input_operators=[report],
    whitelisted_file_extensions=(".html",),
)
clean = LocalWorkflowCleanerOperator(dag=dag, clean_workflow_dir=True)

fetch >> to_nifti >> segment
segment >> to_dicom >> send >> clean
segment >> report >> publish >> clean
