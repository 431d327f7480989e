from airflow.models import DAG
from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from task_api_operators.KaapanaTaskOperator import IOMapping, KaapanaTaskOperator

# The platform puts its own id in the place of dag_id.
with DAG("{{ dag_id }}", default_args={"owner": "kaapana", "ui_visible": True}) as dag:
    # Made-up input, so that the workflow runs as it is. To be replaced by what brings your data: the platform's
    # get-input-task, for example, with the taskTemplate "dicom-download" and its output channel "downloads".
    example = KaapanaTaskOperator(
        task_id="example",
        image=f"{DEFAULT_REGISTRY}/@@name@@:{KAAPANA_BUILD_VERSION}",
        taskTemplate="make-example",
    )
    process = KaapanaTaskOperator(
        task_id="process",
        image=f"{DEFAULT_REGISTRY}/@@name@@:{KAAPANA_BUILD_VERSION}",
        taskTemplate="process",
        iochannel_maps=[
            IOMapping(upstream_operator=example, upstream_output_channel="cases", input_channel="cases")
        ],
    )
    example >> process
