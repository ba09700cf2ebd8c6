"""A directory of checkpoints: numbered, one owner, the newest intact ones stay."""

import errno
import os
import re
import signal
import socket
import stat
import tempfile
import time
import warnings
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
    CheckpointPlaceError,
    CheckpointWriteError,
    InvalidParameterError,
    TrainingWarning,
    UnsafeFileError,
)
from skgan.reading import corrupt, read_manifest


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


def test_one_that_cannot_be_removed_is_said_once_and_the_others_wait(tmp_path, monkeypatch):
    with monkeypatch.context() as more:
        more.setattr(checkpoint_dir, "KEPT", 9)
        directory = opened(tmp_path)
        for number in range(6):
            write(directory, number)

    def refuse(old, new):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as broken, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        broken.setattr(_fs, "rename", refuse)
        directory._prune()
    assert [str(each.message).partition(" could")[0] for each in caught] == [
        f"The old checkpoint '00000003-step2' in {str(tmp_path)!r}"
    ]
    assert len(directory.entries()) == 6
    directory._prune()
    directory.release()
    assert [entry.sequence for entry in directory.entries()] == [4, 5, 6]


def test_every_byte_is_read_once_and_later_the_sizes_only(directory, monkeypatch):
    for number in range(KEPT):
        write(directory, number)
    read = []
    verify = checkpoint_dir.verify
    monkeypatch.setattr(checkpoint_dir, "verify", lambda path: read.append(path.name) or verify(path))
    write(directory, KEPT)
    assert read == []  # written by this process
    directory.release()
    again = opened(directory.path)
    for number in range(KEPT):
        write(again, number)
    oldest = again.entries()[0]
    assert again._intact(oldest)
    state = oldest.path / "state.safetensors"
    state.write_bytes(state.read_bytes() + b"1")
    assert not again._intact(oldest)
    state.unlink()
    assert not again._intact(oldest)
    again.release()
    assert read == ["00000004-step3", "00000003-step2"]


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


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (OSError(), "OSError"),
        (corrupt(Path("a"), "b is gone"), "b is gone"),
        (corrupt(Path("a"), "x" * 99), "x" * 80),
        (UnsafeFileError("It is a pickle."), "It is a pickle"),
    ],
)
def test_what_is_damaged_is_said_without_the_sentence_around_it(error, words):
    assert checkpoint_dir._reason(error) == words


@pytest.mark.parametrize(
    ("error", "size", "more", "words"),
    [
        (OSError(errno.EIO, "no"), 7, "So.", "OSError: no. It needs 7 bytes. What was there before is untouched. So."),
        (OSError("by hand"), None, "", "OSError: by hand. What was there before is untouched."),
        (TimeoutError(), 0, "", "TimeoutError: no reason given. What was there before is untouched."),
    ],
)  # fmt: skip
def test_what_could_not_be_written_is_said_with_the_reason(error, size, more, words):
    path = Path("/".join("abc" * 100))
    failure = checkpoint_dir.write_error("place", path, error, size, *([more] if more else []))
    assert str(failure) == (
        f"place must be writable. Writing {str(path)[-200:]!r} failed with {words} "
        "Free some space or give another path."
    )
    assert failure.errno == error.errno


# --- refused before anything is written -----------------------------------------------------------


def test_a_file_is_refused(tmp_path):
    (tmp_path / "a").write_text("notes")
    with pytest.raises(InvalidParameterError, match="must be a directory"):
        CheckpointDirectory(tmp_path / "a").check(False)
    with pytest.raises(InvalidParameterError, match="must be a directory"):
        CheckpointDirectory("").check(False)
    assert (tmp_path / "a").read_text() == "notes"


@pytest.mark.parametrize("resume", [False, True, "auto"])
def test_a_link_to_nothing_and_what_is_below_a_file_are_refused(tmp_path, resume):
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    (tmp_path / "file").touch()
    for place in ("link", "link/a", "file/a/b", "file"):
        with pytest.raises(CheckpointPlaceError):
            CheckpointDirectory(tmp_path / place).check(resume)


def test_a_place_is_said_as_it_was_given_and_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    directory = CheckpointDirectory("runs/../a")
    assert (directory.said, directory.path) == ("runs/../a", tmp_path / "a")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    directory.acquire()
    directory.release()
    assert names(tmp_path) == ["a", "elsewhere"]


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


def test_the_lock_says_nothing_of_owners_before(tmp_path):
    directory = CheckpointDirectory(tmp_path)
    assert not directory.had_an_owner()
    (tmp_path / ".lock").write_text("pid 1234567890 on " + "a" * 300)
    assert directory.had_an_owner()
    directory.acquire()
    directory.acquire()  # which it is already
    assert (tmp_path / ".lock").read_text() == f"pid {os.getpid()} on {socket.gethostname()}\n"
    directory.release()
    directory.release()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"pid 12 on a-host.b_c\n", "process 12 on a-host.b_c"),
        (b"pid 1234567890 on " + b"a" * 100 + b"\nmore", f"process 1234567890 on {'a' * 100}"),
        (b"pid 12345678901 on a\n", "another process"),
        (b"pid 1 on " + b"a" * 101 + b"\n", "another process"),
        (b"pid 1 on a", "another process"),
        (b" pid 1 on a\n", "another process"),
        (b"pid  on a\n", "another process"),
        (b"pid 1 on \n", "another process"),
        (b"pid 1 on a b\n", "another process"),
        (b"", "another process"),
    ],
)
def test_an_owner_is_named_only_in_our_words(content, said):
    assert checkpoint_dir._owner_said(content) == said


def test_where_a_lock_cannot_be_read_its_owner_is_not_named(directory, monkeypatch):
    monkeypatch.setattr(checkpoint_dir, "_OWNED", {})
    monkeypatch.setattr(_fs, "lock", lambda descriptor: False)
    with pytest.raises(CheckpointWriteError, match=f"process {os.getpid()} on "):
        opened(directory.path)
    monkeypatch.delattr(os, "pread")
    with pytest.raises(CheckpointWriteError, match="another process is writing"):
        opened(directory.path)


def test_who_cannot_become_the_owner_keeps_nothing(tmp_path, monkeypatch):
    before = len(os.listdir("/dev/fd"))

    def fail(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    for module, name in ((_fs, "listdir"), (os, "ftruncate"), (_fs, "write"), (_fs, "open_lock"), (_fs, "lock")):
        with monkeypatch.context() as broken:
            broken.setattr(module, name, fail)
            with pytest.raises(CheckpointWriteError, match=os.strerror(errno.EIO)) as caught:
                CheckpointDirectory(tmp_path / "a").acquire()
        assert caught.value.errno == errno.EIO
        assert len(os.listdir("/dev/fd")) == before
        opened(tmp_path / "a").release()


def test_a_new_directory_is_flushed_into_each_of_its_parents(tmp_path, monkeypatch):
    called, mkdir, sync_directory = [], _fs.mkdir, _fs.sync_directory
    monkeypatch.setattr(_fs, "mkdir", lambda path: called.append(("mkdir", path)) or mkdir(path))
    monkeypatch.setattr(_fs, "sync_directory", lambda path: called.append(("sync", path)) or sync_directory(path))
    opened(tmp_path / "a" / "b").release()
    assert called == [
        ("mkdir", tmp_path / "a"),
        ("sync", tmp_path),
        ("mkdir", tmp_path / "a" / "b"),
        ("sync", tmp_path / "a"),
    ]


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


@pytest.mark.parametrize("leads_to", ["a file", "our words", "nothing"])
def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays(tmp_path, leads_to):
    place, words = tmp_path / "precious", {"a file": "precious", "our words": "pid 1 on a\n"}.get(leads_to)
    if words is not None:
        place.write_text(words)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / ".lock").symlink_to(place)
    with pytest.raises(CheckpointWriteError, match=r"whose '.lock' is skgan's own.*where it is a link"):
        opened(tmp_path / "runs")
    assert (place.read_text() if place.exists() else None) == words


def test_a_link_that_appears_between_the_look_and_the_opening_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / ".lock").symlink_to(tmp_path / "precious")
    monkeypatch.setattr(Path, "is_symlink", lambda self: False)
    with pytest.raises(CheckpointWriteError, match=os.strerror(errno.ELOOP)):
        opened(tmp_path)
    assert not (tmp_path / "precious").exists()


def test_a_lock_file_of_something_else_is_not_written_over(tmp_path):
    (tmp_path / ".lock").write_text("precious")
    os.link(tmp_path / ".lock", tmp_path / "the same")
    with pytest.raises(CheckpointWriteError, match="where it is a file of something else"):
        opened(tmp_path)
    assert (tmp_path / "the same").read_text() == "precious"


def test_a_lock_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / ".lock")
    with pytest.raises(CheckpointWriteError, match="where it is no regular file"):
        opened(tmp_path)


def test_a_checkpoint_that_is_a_link_is_removed_without_what_it_leads_to(tmp_path):
    directory = opened(tmp_path / "runs")
    write(directory, 0)
    (first,) = directory.path.glob("0*")
    first.rename(tmp_path / "precious")
    first.symlink_to(tmp_path / "precious")
    for number in range(1, KEPT + 2):
        write(directory, number)
    directory.release()
    assert not [name for name in names(directory.path) if name.startswith(first.name) or "old" in name]
    assert names(tmp_path / "precious") == ["config.json", "manifest.json", "state.safetensors"]


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
    with pytest.raises(CheckpointWriteError, match="replaced") as caught:
        write(directory, 1)
    assert caught.value.errno == errno.ENOENT
    other.release()
    assert names(other.path) == [".lock"]


def test_an_empty_file_needs_no_write(directory):
    whole = files(1)
    directory.write(1, "Test", whole)
    _fs.write_directory(directory.path / "empty", {"nothing": []})
    assert (directory.path / "empty" / "nothing").read_bytes() == b""
