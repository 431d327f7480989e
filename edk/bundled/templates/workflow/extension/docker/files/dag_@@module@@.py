"""Fetches series, converts them to NIfTI, runs @@name@@ on them, and stores what it wrote."""

from datetime import timedelta

from airflow.models import DAG
from airflow.utils.dates import days_ago
from kaapana.operators.DcmConverterOperator import DcmConverterOperator
from kaapana.operators.GetInputOperator import GetInputOperator
from kaapana.operators.LocalWorkflowCleanerOperator import LocalWorkflowCleanerOperator
from kaapana.operators.MinioOperator import MinioOperator

from @@module@@.@@camel@@Operator import @@camel@@Operator

# What the user is asked for when the workflow is started. Each property reaches the processing container as a
# variable of its environment, in capitals: a property "threshold" as THRESHOLD.
workflow_form = {
    "type": "object",
    "properties": {
        "single_execution": {
            "title": "Single execution",
            "description": "Run one workflow for each series.",
            "type": "boolean",
            "default": False,
        },
    },
}

dag = DAG(
    dag_id="@@name@@",
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
convert = DcmConverterOperator(dag=dag, input_operator=fetch, output_format="nii.gz")
process = @@camel@@Operator(dag=dag, input_operator=convert)
# Into the project's bucket, below this prefix.
store = MinioOperator(
    dag=dag,
    name="store-results",
    action="put",
    minio_prefix="@@name@@",
    batch_input_operators=[process],
    whitelisted_file_extensions=(".json", ".gz"),
)
clean = LocalWorkflowCleanerOperator(dag=dag, clean_workflow_dir=True)

fetch >> convert >> process >> store >> clean
