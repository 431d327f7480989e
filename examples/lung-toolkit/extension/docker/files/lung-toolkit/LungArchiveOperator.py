from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator

SCRIPT = 'cd "/$WORKFLOW_DIR/$BATCH_NAME" && for e in *; do mkdir -p "$e/$OPERATOR_OUT_DIR" && tar -czf "$e/$OPERATOR_OUT_DIR/findings.tar.gz" -C "$e" "$OPERATOR_IN_DIR"; done'


class LungArchiveOperator(KaapanaBaseOperator):
    """Packs an operator's output, with an image that is not built here."""

    def __init__(self, dag, name="lung-archive", **kwargs):
        super().__init__(
            dag=dag,
            name=name,
            image="docker.io/library/busybox:1.36",
            cmds=["sh"],
            arguments=["-c", SCRIPT],
            **kwargs,
        )
