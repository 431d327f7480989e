"""Names that several operators use."""

TOOLS_IMAGE = "lung-tools"
EMPHYSEMA_IMAGE = "lung-emphysema"
PULL_SECRETS = ["registry-secret"]
