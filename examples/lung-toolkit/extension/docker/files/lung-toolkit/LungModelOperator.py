from airflow.exceptions import AirflowSkipException
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator


class LungModelOperator(KaapanaBaseOperator):
    """Runs the model that was chosen in the form. Which image that is, only the run knows."""

    def __init__(self, dag, name="lung-model", **kwargs):
        super().__init__(dag=dag, name=name, image=None, **kwargs)

    def pre_execute(self, context):
        form = context["dag_run"].conf["form_data"]
        if not form.get("lung_model_image"):
            raise AirflowSkipException("no model was chosen")
        self.image = form["lung_model_image"]
