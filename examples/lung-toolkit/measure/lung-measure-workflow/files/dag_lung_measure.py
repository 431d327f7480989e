from airflow.models import DAG
from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from task_api_operators.KaapanaTaskOperator import IOMapping, KaapanaTaskOperator

with DAG("{{ dag_id }}", default_args={"owner": "kaapana", "ui_visible": True}) as dag:
    phantoms = KaapanaTaskOperator(
        task_id="phantoms",
        image=f"{DEFAULT_REGISTRY}/lung-phantom:{KAAPANA_BUILD_VERSION}",
        taskTemplate="make-phantoms",
    )
    measure = KaapanaTaskOperator(
        task_id="measure",
        image=f"{DEFAULT_REGISTRY}/lung-measure:{KAAPANA_BUILD_VERSION}",
        taskTemplate="measure",
        iochannel_maps=[
            IOMapping(upstream_operator=phantoms, upstream_output_channel="images", input_channel="images")
        ],
    )
    phantoms >> measure
