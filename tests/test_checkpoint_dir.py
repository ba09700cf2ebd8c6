"""A directory of checkpoints: numbered, one owner, the newest intact ones stay."""

import errno
import os
import re
import signal
import socket
import stat
import tempfile
import time
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from small_checkpoints import files, flip, in_child, names, newest, opened, write

from skgan import _fs, checkpoint_dir
from skgan.checkpoint_dir import KEPT, CheckpointDirectory
from skgan.exceptions import (
    CheckpointError,
    CheckpointExistsError,
    CheckpointNotFoundError,
    CheckpointWriteError,
    InvalidParameterError,
    TrainingWarning,
)
from skgan.reading import read_manifest


@pytest.fixture
def directory(tmp_path):
    found = opened(tmp_path / "runs" / "a")
    yield found
    found.release()


# --- names and numbers ----------------------------------------------------------------------------


def test_each_save_is_a_directory_of_its_own(directory):
    for number in (0, 10, 10):
        write(directory, number)
    assert names(directory.path) == [".lock", "00000001-step0", "00000002-step10", "00000003-step10"]
    for entry in directory.entries():
        assert read_manifest(entry.path)["sequence"] == entry.sequence
        assert names(entry.path) == ["config.json", "manifest.json", "state.safetensors"]


def test_nobody_else_can_look_into_a_draft(directory, monkeypatch):
    modes = []
    create = _fs.create
    monkeypatch.setattr(
        _fs, "create", lambda path: modes.append(stat.S_IMODE(path.parent.stat().st_mode)) or create(path)
    )
    write(directory, 1)
    assert modes == [0o700] * 3


def test_only_what_this_library_names_is_touched(directory):
    (directory.path / "samples.png").write_bytes(b"picture")
    others = [".00000001-step0.keep", "1-step0", "00000001-step", ".model.12345678.draft", "00000001-step0.bak"]
    for name in others:
        (directory.path / name).mkdir()
    for number in range(KEPT + 3):
        write(directory, number)
    assert set(names(directory.path)) == {*others, "samples.png", ".lock", *(e.path.name for e in directory.entries())}
    assert [entry.sequence for entry in directory.entries()] == [4, 5, 6]


def test_what_a_killed_process_left_is_cleared_at_the_start(tmp_path):
    for name in (".00000001-step0.0123abcd.draft", ".00000001-step0.0123abcd.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.safetensors").write_bytes(b"half")
    opened(tmp_path).release()
    assert names(tmp_path) == [".lock"]


@pytest.mark.fault("F02")
def test_an_interrupted_prune_is_finished_at_the_start(tmp_path, monkeypatch):
    directory = opened(tmp_path)
    monkeypatch.setattr(checkpoint_dir, "KEPT", 9)
    for number in range(6):
        write(directory, number)
    directory.release()
    monkeypatch.setattr(checkpoint_dir, "KEPT", KEPT)
    opened(tmp_path).release()
    assert [entry.sequence for entry in directory.entries()] == [4, 5, 6]


def test_a_renamed_checkpoint_is_not_taken_for_a_newer_one(directory):
    for number in range(2):
        write(directory, number)
    directory.entries()[0].path.rename(directory.path / "00000009-step0")
    for number in range(2, 5):
        write(directory, number)
    assert newest(directory.path) == 4
    assert [entry.sequence for entry in directory.entries() if directory._intact(entry)] == [10, 11, 12]


# --- what stays -----------------------------------------------------------------------------------

OPERATIONS = st.lists(
    st.one_of(
        st.just(("write", 0)),
        st.tuples(st.just("damage"), st.integers(0, 5)),
        st.tuples(st.just("clock"), st.integers(-(10**9), 10**9)),
        st.tuples(st.just("touch"), st.integers(0, 5)),
        st.just(("restart", 0)),
        st.just(("fail", 0)),
    ),
    max_size=25,
)


@pytest.mark.fault("F14")
@pytest.mark.goal("G20")
@given(operations=OPERATIONS)
def test_the_newest_intact_ones_stay(operations):
    """Beside it a model of three lines: what was written, what of it is intact."""
    intact, clock = {}, [time.time()]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: clock[0])
        path = Path(folder)
        directory = opened(path)
        for what, which in [*operations, ("write", 0)]:
            there = directory.entries()
            if what == "write":
                written = write(directory, which)
                intact[int(written.name[:8])] = True
                wanted = [number for number in sorted(intact) if intact[number]][-KEPT:]
                have = [entry.sequence for entry in directory.entries()]
                assert set(wanted) <= set(have)
                assert [number for number in have if intact[number]] == wanted
                oldest = wanted[0] if len(wanted) == KEPT else 0
                assert have == [number for number in sorted(intact) if number >= oldest]
                intact = {number: intact[number] for number in have}
            elif what == "fail":
                with patch.context() as broken:
                    broken.setattr(_fs, "sync", lambda descriptor: os.close(-1))
                    with pytest.raises(CheckpointWriteError):
                        write(directory, which)
            elif what == "clock":
                clock[0] = abs(clock[0] + which)
            elif what == "restart":
                directory.release()
                directory = opened(path)
            elif there and what == "touch":
                os.utime(there[which % len(there)].path, (abs(clock[0]), abs(clock[0])))
            elif there:
                entry = there[which % len(there)]
                (entry.path / "state.safetensors").write_bytes(b"cut")
                intact[entry.sequence] = False
        directory.release()


def test_a_flipped_bit_does_not_count_as_intact_after_a_restart(tmp_path):
    directory = opened(tmp_path)
    for number in range(KEPT):
        write(directory, number)
    flip(directory.entries()[1].path / "state.safetensors")
    directory.release()
    again = opened(tmp_path)
    write(again, KEPT)
    again.release()
    assert [entry.sequence for entry in again.entries()] == [1, 2, 3, 4]


def test_what_cannot_be_removed_is_said_and_training_goes_on(directory, monkeypatch):
    for number in range(KEPT):
        write(directory, number)
    rename = _fs.rename

    def refuse(old, new):
        if new.name.endswith(".old"):
            raise PermissionError(errno.EACCES, "Permission denied")
        rename(old, new)

    monkeypatch.setattr(_fs, "rename", refuse)
    with pytest.warns(TrainingWarning, match="00000001-step0.*by hand"):
        write(directory, 3)
    assert newest(directory.path) == 3


# --- the newest one -------------------------------------------------------------------------------


def test_a_damaged_newest_falls_back_with_a_warning_for_each(directory):
    for number in range(3):
        write(directory, number)
    one, two, three = directory.entries()
    flip(three.path / "state.safetensors")
    (two.path / "manifest.json").unlink()
    with pytest.warns(TrainingWarning) as caught:
        assert directory.newest(lambda entry: check_all(entry)) == one
    said = [str(warning.message) for warning in caught]
    assert len(said) == 2
    assert re.search("00000003-step2 .state.safetensors is not what was written", said[0])
    assert re.search("00000002-step1 ", said[1])
    assert all(len(text) <= 500 for text in said)


def check_all(entry):
    checkpoint_dir.check_sequence(entry, checkpoint_dir.verify(entry.path))
    return entry


@pytest.mark.fault("F10")
def test_when_all_are_damaged_each_is_listed_with_its_reason(directory):
    for number in range(3):
        flip(write(directory, number) / "state.safetensors")
    with pytest.raises(CheckpointError) as caught:
        directory.newest(check_all)
    text = str(caught.value)
    assert all(f"0000000{number}-step{number - 1} (state" in text for number in (1, 2, 3))
    assert len(text) <= 500


# --- refused before anything is written -----------------------------------------------------------


def test_a_file_is_refused(tmp_path):
    (tmp_path / "a").write_text("notes")
    with pytest.raises(InvalidParameterError, match="must be a directory"):
        CheckpointDirectory(tmp_path / "a").check(False)
    with pytest.raises(InvalidParameterError, match="must be a directory"):
        CheckpointDirectory("").check(False)
    assert (tmp_path / "a").read_text() == "notes"


def test_what_is_there_is_not_resumed_unasked(directory):
    write(directory, 7)
    with pytest.raises(CheckpointExistsError, match=r"resume=True") as caught:
        directory.check(False)
    assert isinstance(caught.value, FileExistsError)
    directory.check(True)
    directory.check("auto")


def test_resuming_needs_a_checkpoint(tmp_path):
    empty = CheckpointDirectory(tmp_path / "new")
    with pytest.raises(CheckpointNotFoundError, match="resume='auto'") as caught:
        empty.check(True)
    assert isinstance(caught.value, FileNotFoundError)
    empty.check("auto")
    empty.check(False)
    assert names(tmp_path) == []


# --- one owner ------------------------------------------------------------------------------------


def test_the_lock_says_who_has_it(directory):
    assert (directory.path / ".lock").read_text() == f"pid {os.getpid()} on {socket.gethostname()}\n"


def test_a_second_fit_of_this_process_is_refused_and_does_not_free_the_lock(directory):
    with pytest.raises(CheckpointWriteError, match=f"this process, {os.getpid()}"):
        opened(directory.path)
    assert os.waitpid(in_child(lambda: opened(directory.path)), 0)[1] >> 8 == 71
    directory.release()
    opened(directory.path).release()


def holding(path, orphan=False):
    """Return the pid of a process that owns the directory until it is killed."""
    told, tell = os.pipe()

    def own():
        opened(path)
        if orphan:
            child = in_child(lambda: signal.pause())
            os.write(tell, b"%d " % child)
        os.write(tell, b"!")
        signal.pause()

    pid = in_child(own)
    said = b""
    while not said.endswith(b"!"):
        said += os.read(told, 100)
    os.close(told)
    os.close(tell)
    return pid, int(said[:-1] or 0)


@pytest.mark.goal("G19")
@pytest.mark.fault("F12", "F13")
@pytest.mark.parametrize("orphan", [False, True])
def test_another_process_is_refused_until_the_owner_is_killed(tmp_path, orphan):
    pid, child = holding(tmp_path, orphan)
    try:
        with pytest.raises(CheckpointWriteError, match=f"process {pid} on {re.escape(socket.gethostname())}"):
            opened(tmp_path)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    try:
        opened(tmp_path).release()
    finally:
        if child:
            os.kill(child, signal.SIGKILL)


def test_a_lock_file_of_something_else_is_not_quoted(tmp_path, monkeypatch):
    (tmp_path / ".lock").write_text("secret " * 100)
    monkeypatch.setattr(_fs, "lock", lambda descriptor: False)
    with pytest.raises(CheckpointWriteError, match="another process") as caught:
        opened(tmp_path)
    assert "secret" not in str(caught.value)
    assert (tmp_path / ".lock").read_text() == "secret " * 100


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_without_locks_it_is_said(tmp_path, monkeypatch, number):
    def none(descriptor, how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_fs.fcntl, "lockf", none)
    with pytest.warns(TrainingWarning, match="no locks"):
        opened(tmp_path).release()


def test_without_a_locking_module_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(_fs, "fcntl", None)
    with pytest.warns(TrainingWarning, match="no locks"):
        opened(tmp_path).release()


def test_a_directory_put_in_the_place_of_this_one_is_not_written_to(directory):
    write(directory, 0)
    directory.path.rename(directory.path.with_name("moved"))
    other = opened(directory.path)
    with pytest.raises(CheckpointWriteError, match="replaced"):
        write(directory, 1)
    other.release()
    assert names(other.path) == [".lock"]


def test_an_empty_file_needs_no_write(directory):
    whole = files(1)
    directory.write(1, "Test", whole)
    _fs.write_directory(directory.path / "empty", {"nothing": []})
    assert (directory.path / "empty" / "nothing").read_bytes() == b""
