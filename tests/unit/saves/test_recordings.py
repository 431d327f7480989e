"""What really was reported, replayed: which batches come of it, and when."""

from __future__ import annotations

import pytest

from edk.domain.litter import is_litter_path
from edk.domain.saves import RawEvent
from tests.unit.saves.replaying import RECORDINGS, below, lines, marks, recorded, replay

EVERY = sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))
MOD = "ext_a/ext_a/mod0"

# Recording → the files of each batch, and how long it was waited after the last event, in ms.
SMALL: list[tuple[str, list[tuple[set[str], int]]]] = [
    ("c02_plain_save_existing", [({MOD + "0.py"}, 30)] * 5),
    ("c03_autosave_afterDelay_1000_typing", [({MOD + "2.py"}, 30)] * 6),
    ("c04_new_file_explorer_then_save", [({"ext_a/brand_new.py"}, 200), ({"ext_a/brand_new.py"}, 30)]),
    ("c05_untitled_save_as", [({"ext_a/from_untitled.py"}, 200)]),
    ("c06_rename_file_explorer", [({MOD + "4.py", MOD + "4_renamed.py"}, 200)]),
    ("c08_delete_file_explorer", [({"ext_b/ext_b/mod02.py"}, 600), ({"ext_b/ext_b/mod02.py"}, 200)]),
    ("c09_save_all_3_files", [({"ext_a/README.md", "ext_a/extension.json", "ext_b/README.md"}, 200)]),
    ("c11_save_5MB_text", [({"ext_a/big.txt"}, 30)]),
    ("c15_idle_20s_with_git_repo_open", []),
    ("c16_save_with_git_extension", [({MOD + "0.py"}, 30)]),
    ("l_blocked_by_moved_from", [({"d000/a.py", "d001/a.py"}, 600), *[({"d001/a.py", "d001/b.py"}, 200)] * 5]),
    ("l_mmap_write", [({"d000/a.py"}, 30)]),
    ("t01_bash_redirect_overwrite", [({MOD + "1.py"}, 200)]),
    ("t02_bash_append", [({MOD + "1.py"}, 30)]),
    ("t03_touch_existing", [({MOD + "0.py"}, 30)]),
    ("t04_chmod_only", [({MOD + "0.py"}, 30)]),
    ("t05_read_only_cat", []),
    ("t06_sed_i", [({MOD + "2.py", "ext_a/ext_a/sedeD0NJ7"}, 200)]),
    ("t07_atomic_rename", [({MOD + "0.py", MOD + "0.py.tmp1234"}, 200)]),
    ("t08_vim_save_default", [({MOD + "4.py"}, 30)]),
    ("t08b_vim_tty_save", [({MOD + "6.py"}, 30)]),
    ("t08c_vim_backupcopy_no", [({MOD + "8.py"}, 30)]),
    ("t08d_vim_backupskip_empty_defaults", [({MOD + "6.py", "ext_a/ext_a/4913"}, 200)]),
    ("t08e_vim_backupskip_empty_backupcopy_no", [({MOD + "6.py"}, 200)]),
    ("t08f_vim_backup_tilde_file", [({MOD + "6.py"}, 200)]),
    ("t09_slow_50MB_3s", [({"ext_a/big.bin"}, 200)]),
    ("t10_truncate_pause_write", [({"ext_a/README.md"}, 30)]),
    ("t18b_rsync_nochange", []),
    ("t19_mkdir_p_and_file", [({"n1/f2.py", "n1/n2/n3/n4/f.py"}, 200)]),
    ("t20_rename_over_existing", [({"ext_a/README.md", "ext_a/new.py"}, 200)]),
    ("t21_hardlink_symlink_create", [({"ext_a/hard.py", "ext_a/soft.py", "ext_a/softdir"}, 200)]),
    ("t34_git_status_only", []),
]

# Recording → how many files and folders are in each batch.
LARGE: list[tuple[str, list[tuple[int, int]]]] = [
    ("c07_rename_folder_explorer", [(8, 2)]),
    ("c12_copy_paste_folder_explorer", [(12, 3)]),
    ("c13_drag_folder_into_folder", [(4, 4)]),
    ("c14_integrated_terminal_cmds", [(1, 0), (1, 0), (15, 3), (30, 6), (15, 3), (57, 41)]),
    ("c17_delete_file_and_folder_workspace_on_other_fs", [(1, 0), (2, 1)]),
    ("t11_cp_r_60_files", [(60, 3)]),
    ("t12_rm_rf_60_files", [(60, 3)]),
    ("t13_mv_into_tree_60_files", [(60, 3)]),
    ("t15_mv_out_wait_mv_in_edit", [(0, 1), (60, 3), (1, 0)]),
    ("t16_mv_out_then_edit_outside", [(0, 1), (1, 0)]),
    ("t17b_edit_after_rename_same_rec", [(120, 6), (1, 0)]),
    ("t18_rsync_a_delete", [(124, 0)]),
    ("t30_git_checkout_200_files", [(224, 2)]),
    ("t31_git_checkout_back", [(224, 2)]),
    ("t33_git_stash_pop", [(35, 0)]),
    ("t35_git_add_commit", [(51, 0)]),
    ("t41_python_import_pycache", [(4, 2)]),
    ("t42_pip_install_normal_build_in_tree", [(5, 0), (124, 10)]),
]


def test_every_recording_has_its_expected_batches() -> None:
    """No recording lies here without saying what is to come of it."""
    assert EVERY == sorted(name for name, _ in [*SMALL, *LARGE])


@pytest.mark.parametrize(("name", "expected"), SMALL)
def test_a_recording_gives_its_batches(name: str, expected: list[tuple[set[str], int]]) -> None:
    """What a person did once is one batch of just the files concerned, closed as early as it may be."""
    actual = [(below(batch.paths), round((due - batch.last) * 1000)) for due, batch in replay(recorded(name))]

    assert expected == actual


@pytest.mark.parametrize(("name", "expected"), LARGE)
def test_a_recording_of_many_files_gives_its_batches(name: str, expected: list[tuple[int, int]]) -> None:
    """A command that touches many files is one batch."""
    actual = [(len(batch.paths), len(batch.folders)) for _, batch in replay(recorded(name))]

    assert expected == actual


@pytest.mark.parametrize("name", EVERY)
def test_nothing_reported_is_lost(name: str) -> None:
    """Every file and folder that was reported is in a batch closed after that, litter aside."""
    batches = replay(recorded(name))
    missed = []
    for at, event in recorded(name):
        assert isinstance(event, RawEvent)
        if event.is_folder and event.kind not in ("created", "deleted", "moved"):
            continue
        for path in filter(None, (event.path, event.dest)):
            within = [b for due, b in batches if b.first <= at <= b.last and path in b.paths | b.folders]
            missed += [path] if len(within) != 1 and (event.is_folder or not is_litter_path(path)) else []

    assert [] == missed


@pytest.mark.parametrize("name", EVERY)
def test_no_file_is_handed_over_while_it_is_being_written(name: str) -> None:
    """Between the first change and the close of a file, no batch with it is closed."""
    writing: dict[str, float] = {}
    torn = []
    batches = replay(recorded(name))
    for at, event in recorded(name):
        assert isinstance(event, RawEvent)
        if event.kind == "modified" and not event.is_folder:
            writing.setdefault(event.path, at)
        elif event.path in writing and event.kind in ("closed", "deleted", "moved"):
            since = writing.pop(event.path)
            torn += [event.path for due, batch in batches if since < due < at and event.path in batch.paths]

    assert [] == torn


@pytest.mark.parametrize("name", ["t30_git_checkout_200_files", "t31_git_checkout_back"])
def test_a_checkout_names_the_head_of_the_branch(name: str) -> None:
    """That the branch was switched can be told from the one batch of a checkout, for git's HEAD is in it."""
    [(_, batch)] = replay(recorded(name))

    assert ".git/HEAD" in below(batch.paths)


@pytest.mark.parametrize("name", ["c02_plain_save_existing", "t02_bash_append", "t08_vim_save_default"])
def test_each_save_is_due_within_50_ms_of_its_close(name: str) -> None:
    """A plain save gives one batch for each close, at most 50 ms after it, and not before."""
    closes = [
        float(str(line["ms"])) / 1000
        for line in lines(name, "watchdog")
        if line["type"] == "closed" and not is_litter_path(f"/{line['path']}")
    ]
    waits = [due - close for close, (due, _) in zip(closes, replay(recorded(name)), strict=True)]

    assert all(0 < wait <= 0.05 for wait in waits), waits


@pytest.mark.parametrize(
    "name", ["c02_plain_save_existing", "c08_delete_file_explorer", "c14_integrated_terminal_cmds"]
)
def test_each_batch_belongs_to_one_thing_that_was_done(name: str) -> None:
    """Between two things that a person did there is at most one batch, and each batch follows one."""
    done = marks(name)
    follows = [max(index for index, at in enumerate(done) if at <= batch.first) for _, batch in replay(recorded(name))]

    assert sorted(set(follows)) == follows
