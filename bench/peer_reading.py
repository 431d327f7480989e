"""Have the platform's own build scripts read a tree, as their `start_build.py` does before it builds anything.

A program of its own, run by an interpreter that has those scripts' dependencies:
``python peer_reading.py TREE WORK git|no-git``. With ``no-git``, the one function that runs ``git describe``
for each Dockerfile and chart answers at once.

The platform's scripts are looked up below TREE and imported from there; none of them is part of this project.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from time import time


def main(tree: Path, work: Path, git: str) -> None:
    sys.path.insert(0, str(tree / "build-scripts"))
    sys.dont_write_bytecode = True
    from build_helper.build import BuildConfig, BuildHelper, BuildState  # type: ignore[import-not-found]
    from build_helper.container import ContainerHelper  # type: ignore[import-not-found]
    from build_helper.helm import HelmChartHelper  # type: ignore[import-not-found]
    from build_helper.utils import GitUtils  # type: ignore[import-not-found]

    logging.getLogger("kaapana_build").setLevel(logging.CRITICAL)
    if git == "no-git":
        GitUtils.get_repo_info = staticmethod(lambda _folder: ("0.6.0", "main", "0" * 9, "unknown"))
    config = BuildConfig(
        default_registry="localhost:32000",
        registry_username="",
        registry_password="",
        include_credentials=False,
        build_dir=work / "build",
        kaapana_dir=tree,
        container_engine="docker",
        exit_on_error=False,
        log_level="ERROR",
        enable_linting=False,
        parallel_processes=1,
        build_only=True,
        http_proxy=None,
        push_to_microk8s=False,
        create_offline_installation=False,
        platform_filter="kaapana-admin-chart",
        build_ignore_patterns="templates_and_examples,ci,lib/task_api",
        vulnerability_scan=False,
        vulnerability_severity_level="",
        configuration_check=False,
        configuration_check_severity_level="",
        enable_image_stats=False,
        create_sboms=False,
    )
    state = BuildState(started_at=time())
    for part in (ContainerHelper, HelmChartHelper, BuildHelper):
        part.init(build_config=config, build_state=state)
    ContainerHelper.collect_containers()
    ContainerHelper.resolve_base_images_into_container()
    HelmChartHelper.collect_charts()
    HelmChartHelper.resolve_chart_dependencies()
    HelmChartHelper.resolve_kaapana_collections()
    HelmChartHelper.resolve_preinstall_extensions()
    BuildHelper.generate_build_graph(BuildHelper.get_platform_chart())
    found = f"{len(state.containers_available)} images, {len(state.charts_available)} charts"
    print(found, file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3])
