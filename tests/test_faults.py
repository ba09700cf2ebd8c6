"""Whatever fails, and whenever the process ends: what was acknowledged can be loaded."""

import errno
import itertools
import os
import re
import resource
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from small_checkpoints import files, flip, in_child, names, newest, opened, write

from skgan import _fs
from skgan.checkpoint_dir import KEPT
from skgan.exceptions import CheckpointError, CheckpointWriteError

CALLS = ("create", "write", "sync", "close", "sync_directory", "mkdir", "chmod", "rename", "exchange", "rmtree")
LEFTOVERS = ".*.draft", ".*.old"


@pytest.fixture
def full(tmp_path):
    """Return a directory with as many checkpoints as stay, so that the next save removes one."""
    directory = opened(tmp_path / "a")
    for number in range(KEPT):
        write(directory, number)
    directory.release()
    return directory.path


def ending_after(count, acknowledged=None):
    """Let the process end right after call number `count` of the seam, half of a removal counting too."""
    calls, numbers = [0], itertools.count(1)

    def ending(function):
        def call(*arguments):
            if function is _fs_rmtree and calls[0] + 1 == count and arguments[0].is_dir():
                for file in sorted(arguments[0].iterdir())[:1]:
                    file.unlink()
                os._exit(9)
            result = function(*arguments)
            calls[0] = number = next(numbers)  # one after the other, though flushes come from threads
            if number == count:
                os._exit(9)
            return result

        return call

    for name in CALLS:
        setattr(_fs, name, ending(getattr(_fs, name)))


_fs_rmtree = _fs.rmtree


def status_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.fault("F02")
@pytest.mark.goal("G7")
def test_a_process_may_end_after_every_call_of_a_save(full):
    ended, number = True, 0
    while ended:
        number += 1
        copy = full.with_name(f"copy{number}")
        shutil.copytree(full, copy)
        done = copy.with_name(f"done{number}")

        def save(copy=copy, done=done, number=number):
            directory = opened(copy)
            ending_after(number)
            write(directory, KEPT)
            done.touch()

        status = status_of(in_child(save))
        assert status in (0, 9)
        ended = status == 9
        assert newest(copy) in ((KEPT,) if done.exists() else (KEPT - 1, KEPT))
        opened(copy).release()
        assert [*copy.glob(LEFTOVERS[0]), *copy.glob(LEFTOVERS[1])] == []
        assert len(names(copy)) == KEPT + 1
        again = opened(copy)
        write(again, 99)
        again.release()
        assert newest(copy) == 99
    assert number > 15


@pytest.mark.fault("F02", "F38")
@pytest.mark.parametrize("exchange", [True, False], ids=["one move", "two moves"])
def test_a_process_may_end_after_every_call_that_replaces_a_model(tmp_path, exchange):
    """In one move the old one or the new one is there at every instant; in two, at least one of them under any name."""
    probe = [tmp_path / "probe", tmp_path / "other"]
    for path in probe:
        path.mkdir()
    if exchange and not _fs.exchange(*probe):
        pytest.skip("this file system has no exchange")
    ended, number = True, 0
    while ended:
        number += 1
        path = tmp_path / str(number) / "model"
        path.parent.mkdir()
        _fs.write_directory(path, {"a": [b"old"], "b": [b"old"]})

        def save(path=path, number=number):
            if not exchange:
                _fs.exchange = lambda one, other: False
            ending_after(number)
            _fs.write_directory(path, {"a": [b"new"], "b": [b"new"]}, replace=True)

        ended = status_of(in_child(save)) == 9
        whole = [content_of(found) for found in path.parent.iterdir()]
        assert {b"old": 2} in whole or {b"new": 2} in whole
        if exchange:
            assert content_of(path) in ({b"old": 2}, {b"new": 2})
    assert content_of(path) == {b"new": 2}
    assert names(path.parent) == ["model"]


def content_of(path):
    contents = [file.read_bytes() for file in path.iterdir()]
    return {content: contents.count(content) for content in contents}


def killed_while_saving(folder, rounds):
    """Kill processes that save without end; check after each that nothing acknowledged was lost."""
    rng = np.random.default_rng(0)
    acknowledged = -1
    for _ in range(rounds):
        told, tell = os.pipe()

        def save(begin=acknowledged + 1, tell=tell):
            directory = opened(folder)
            for number in range(begin, begin + 10**6):
                write(directory, number, size=20_000)
                os.write(tell, b"%d " % number)

        pid = in_child(save)
        os.close(tell)
        said = b""
        for _ in range(int(rng.integers(1, 6))):
            said += os.read(told, 10)
        for _ in range(int(rng.integers(0, 40_000))):
            pass
        os.kill(pid, signal.SIGKILL)
        assert status_of(pid) == -signal.SIGKILL
        while more := os.read(told, 1000):
            said += more
        os.close(told)
        last = int(said.rsplit(b" ", 2)[-2])
        acknowledged = newest(folder)
        assert last <= acknowledged <= last + 1
        opened(folder).release()
        assert [*folder.glob(LEFTOVERS[0]), *folder.glob(LEFTOVERS[1])] == []


@pytest.mark.fault("F01")
def test_kills_lose_nothing(tmp_path):
    killed_while_saving(tmp_path, 20)


@pytest.mark.goal("G7")
@pytest.mark.fault("F01")
@pytest.mark.slow
def test_many_kills_lose_nothing(tmp_path):
    killed_while_saving(tmp_path, 200)


# --- the order of the calls -----------------------------------------------------------------------


def recorded(monkeypatch):
    """Return the list that the system's calls are written into, by the names of what they are about."""
    log, names_of = [], {}

    def recording(module, name, entry):
        original = getattr(module, name)

        def call(*arguments, **settings):
            result = original(*arguments, **settings)
            log.append(entry(result, *arguments))
            return result

        monkeypatch.setattr(module, name, call)

    def opens(descriptor, path, flags, *mode):
        names_of[descriptor] = str(path)
        return ("create" if flags & os.O_CREAT else "open", str(path))

    recording(os, "open", opens)
    recording(os, "write", lambda result, descriptor, content: ("write", names_of[descriptor]))
    recording(os, "fsync", lambda result, descriptor: ("sync", names_of[descriptor]))
    recording(os, "rename", lambda result, old, new: ("rename", str(old), str(new)))
    return log


def faults_in(log):
    """Return what a loss of power could take away, by the rules of a disk that keeps only what was flushed."""
    found = []
    moved = next(i for i, entry in enumerate(log) if entry[0] == "rename" and entry[1].endswith(".draft"))
    draft, final = log[moved][1:]
    made = [i for i, entry in enumerate(log) if entry[0] == "create" and entry[1].startswith(draft)]
    for i in made:
        path = log[i][1]
        last = max(j for j, entry in enumerate(log) if entry == ("write", path))
        if ("sync", path) not in log[last:moved]:
            found.append(f"the content of {path}")
    if ("sync", draft) not in log[max(made) : moved]:
        found.append("the names in the draft")
    removed = next((i for i, entry in enumerate(log) if entry[0] == "rename" and entry[2].endswith(".old")), len(log))
    if ("sync", str(Path(final).parent)) not in log[moved:removed]:
        found.append("the name of the checkpoint, before an older one goes")
    return found


@pytest.mark.goal("G8")
def test_all_is_on_the_disk_before_it_has_its_name_and_before_others_go(full, monkeypatch):
    directory = opened(full)
    log = recorded(monkeypatch)
    write(directory, KEPT)
    monkeypatch.undo()
    directory.release()
    assert faults_in(log) == []
    syncs = [i for i, entry in enumerate(log) if entry[0] == "sync"]
    assert len(syncs) == 5
    for i in syncs:
        assert len(faults_in(log[:i] + log[i + 1 :])) == 1


@pytest.mark.goal("G8")
def test_a_dropped_flush_is_noticed(full, monkeypatch):
    directory = opened(full)
    for name, lost in (("sync", "content"), ("sync_directory", "name")):
        with monkeypatch.context() as broken:
            broken.setattr(_fs, name, lambda what: None)
            log = recorded(broken)
            write(directory, KEPT)
        assert lost in " ".join(faults_in(log))
    directory.release()


# --- errors ---------------------------------------------------------------------------------------

ERRORS = {name: getattr(errno, name) for name in ("ENOSPC", "EIO", "EFBIG", "EDQUOT", "EROFS")}


@pytest.mark.fault("F03", "F04")
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_in_any_call_leaves_the_others_and_no_draft(full, name, monkeypatch):
    before = names(full)
    said = []
    for call in ("mkdir", "create", "write", "sync", "close", "sync_directory", "chmod", "rename"):
        for count in range(1, 4):
            directory = opened(full)
            calls, original = [], getattr(_fs, call)

            def fail(*arguments, calls=calls, original=original, count=count, call=call):
                calls.append(arguments)
                if len(calls) != count:
                    return original(*arguments)
                if call == "write":
                    original(arguments[0], arguments[1][: len(arguments[1]) // 2])
                if call == "close":
                    original(*arguments)
                raise OSError(ERRORS[name], os.strerror(ERRORS[name]))

            try:
                with monkeypatch.context() as broken:
                    broken.setattr(_fs, call, fail)
                    write(directory, KEPT)
            except CheckpointWriteError as error:
                said.append((error.errno, str(error)))
                acknowledged = KEPT - 1
            except Warning:
                acknowledged = KEPT  # the checkpoint was written; only an old one could not be removed
            else:
                acknowledged = KEPT
            directory.release()
            assert newest(full) >= acknowledged
            assert [*full.glob(LEFTOVERS[0])] == []
            if newest(full) == KEPT:
                for entry in opened_entries(full):
                    shutil.rmtree(entry.path)
                again = opened(full)
                for number in range(KEPT):
                    write(again, number)
                again.release()
                before = names(full)
            assert names(full) == before
    assert len(said) >= 12
    for number, text in said:
        assert number == ERRORS[name]
        assert str(full) in text
        assert re.search(r"needs \d+ bytes.*newest one is of step 2", text)
        assert len(text) <= 500


@pytest.mark.parametrize("exchange", [True, False], ids=["one move", "two moves"])
@pytest.mark.parametrize("call", ["mkdir", "create", "write", "sync", "close", "sync_directory", "chmod", "rename"])
def test_an_error_while_replacing_leaves_the_old_one(tmp_path, call, exchange, monkeypatch):
    path = tmp_path / "model"
    _fs.write_directory(path, {"a": [b"old"], "b": [b"old"]})
    original, raised = getattr(_fs, call), []
    if not exchange:
        monkeypatch.setattr(_fs, "exchange", lambda one, other: False)
    for count in range(1, 4):
        calls = []

        def fail(*arguments, calls=calls, count=count):
            calls.append(arguments)
            if len(calls) == count:
                if call == "close":
                    original(*arguments)
                raise OSError(errno.EIO, "no")
            return original(*arguments)

        try:
            with monkeypatch.context() as broken:
                broken.setattr(_fs, call, fail)
                _fs.write_directory(path, {"a": [b"new"], "b": [b"new"]}, replace=True)
        except OSError as error:
            raised.append(error)
            assert content_of(path) == {b"old": 2}
        else:
            assert content_of(path) == {b"new": 2}
            _fs.write_directory(path, {"a": [b"old"], "b": [b"old"]}, replace=True)
        assert names(tmp_path) == ["model"]
    assert len(raised) >= (0 if call == "rename" and exchange else 1)


def opened_entries(path):
    directory = opened(path)
    directory.release()
    return directory.entries()


@pytest.mark.fault("F04")
def test_a_limit_of_the_system_is_an_error_too(full):
    """EFBIG for real; Python leaves the signal that goes with it ignored."""

    def save():
        directory = opened(full)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            write(directory, KEPT, size=20_000)
        except CheckpointWriteError as error:
            os._exit(3 if error.errno == errno.EFBIG else 4)

    assert status_of(in_child(save)) == 3
    assert newest(full) == KEPT - 1
    assert [*full.glob(LEFTOVERS[0])] == []


@pytest.mark.fault("F05")
def test_a_directory_that_went_away_is_an_error_and_is_not_made_again(full):
    directory = opened(full)
    shutil.rmtree(full)
    with pytest.raises(CheckpointWriteError, match="No such file") as caught:
        write(directory, KEPT)
    directory.release()
    assert caught.value.errno == errno.ENOENT
    assert not full.exists()


@pytest.mark.fault("F05")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_to_is_an_error(full):
    directory = opened(full)
    full.chmod(0o555)
    with pytest.raises(CheckpointWriteError, match="Permission"):
        write(directory, KEPT)
    full.chmod(0o755)
    directory.release()
    assert newest(full) == KEPT - 1


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.fault("F06", "F07", "F08")
@pytest.mark.parametrize("name", ["manifest.json", "config.json", "state.safetensors"])
def test_any_damage_of_the_newest_leaves_the_one_before(full, name):
    path = max(full.glob("0*")) / name
    whole = path.read_bytes()
    for length in {0, 1, len(whole) // 2, len(whole) - 1}:
        path.write_bytes(whole[:length])
        assert newest(full) == KEPT - 2
    for place in range(0, len(whole), max(1, len(whole) // 25)):
        path.write_bytes(whole)
        flip(path, place)
        assert newest(full) == KEPT - 2
    path.unlink()
    assert newest(full) == KEPT - 2


@pytest.mark.fault("F09")
def test_files_of_two_checkpoints_do_not_mix(full):
    one, two = sorted(full.glob("0*"))[-2:]
    shutil.copy(one / "state.safetensors", two / "state.safetensors")
    assert newest(full) == KEPT - 2
    shutil.copy(one / "manifest.json", two / "manifest.json")
    shutil.copy(one / "config.json", two / "config.json")
    directory = opened(full)
    with pytest.raises(CheckpointError, match="its name says 3, its manifest 2"):
        directory.newest(lambda entry: check(entry, directory))
    directory.release()


def check(entry, directory):
    from skgan import checkpoint_dir

    checkpoint_dir.check_sequence(entry, checkpoint_dir.verify(entry.path))
    flip(entry.path / "config.json")  # so that no older one is taken either
    checkpoint_dir.verify(entry.path)


def test_the_small_checkpoints_are_what_they_seem(tmp_path):
    directory = opened(tmp_path)
    write(directory, 12)
    directory.release()
    assert newest(tmp_path) == 12
    assert files(12)["config.json"] == [b'{"number": 12}']
