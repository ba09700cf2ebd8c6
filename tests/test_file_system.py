"""The file-system seam call by call: what it does here, and what it asks of systems that this one is not."""

import contextlib
import errno
import os
import re
import stat
import sys
import types

import pytest

from skgan import _fs

DESCRIPTORS = "/dev/fd"


@pytest.fixture
def two(tmp_path):
    """Return two directories with a file of their own name in each."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    return tmp_path / "one", tmp_path / "other"


@contextlib.contextmanager
def nothing_masked():
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def failing(number):
    def call(*arguments):
        raise OSError(number, os.strerror(number))

    return call


# --- here -----------------------------------------------------------------------------------------


def test_a_new_file_is_for_writing_and_for_everybody_that_the_mask_lets(tmp_path):
    with nothing_masked():
        descriptor = _fs.create(tmp_path / "a")
        lock = _fs.open_lock(tmp_path / "lock")
        _fs.mkdir(tmp_path / "open")
        _fs.mkdir(tmp_path / "closed", 0o700)
    assert _fs.write(descriptor, memoryview(b"1234")) == 4
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.read(descriptor, 1)
    assert os.write(lock, b"mine") == os.lseek(lock, 0, os.SEEK_CUR)
    assert os.pread(lock, 9, 0) == b"mine"
    _fs.close(descriptor)
    _fs.close(lock)
    assert (tmp_path / "a").read_bytes() == b"1234"
    assert [mode(tmp_path / name) for name in ("a", "lock", "open", "closed")] == [0o666, 0o666, 0o777, 0o700]
    with pytest.raises(FileExistsError):
        _fs.create(tmp_path / "a")
    again = _fs.open_lock(tmp_path / "lock")
    assert os.read(again, 9) == b"mine"
    os.close(again)


def test_what_was_written_can_be_read_by_others_and_its_draft_by_nobody(tmp_path, monkeypatch):
    modes, create = [], _fs.create
    monkeypatch.setattr(_fs, "create", lambda path: (modes.append(mode(path.parent)), create(path))[1])
    with nothing_masked():
        _fs.write_directory(tmp_path / "a", {"b": [b"1"]})
    assert modes == [0o700]
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o755, 0o666)


def test_a_name_aside_is_hidden_and_new_each_time(tmp_path):
    names = {_fs.aside(tmp_path / "model", "draft") for _ in range(50)}
    assert len(names) == 50
    assert {name.parent for name in names} == {tmp_path}
    assert all(re.fullmatch(r"\.model\.[0-9a-f]{8}\.draft", name.name) for name in names)


def test_what_lies_aside_while_a_model_is_replaced_says_what_it_is(tmp_path, monkeypatch):
    _fs.write_directory(tmp_path / "model", {"a": [b"old"]})
    moves, rename = [], _fs.rename
    monkeypatch.setattr(_fs, "exchange", lambda one, other: False)
    monkeypatch.setattr(_fs, "rename", lambda *names: (moves.append([each.name for each in names]), rename(*names)))
    _fs.write_directory(tmp_path / "model", {"a": [b"new"]}, replace=True)
    (before, old), (draft, after) = moves
    assert (before, after) == ("model", "model")
    assert re.fullmatch(r"\.model\.[0-9a-f]{8}\.old", old)
    assert re.fullmatch(r"\.model\.[0-9a-f]{8}\.draft", draft)
    assert os.listdir(tmp_path) == ["model"]


def test_large_content_is_written_a_part_at_a_time_however_much_the_system_takes(tmp_path, monkeypatch):
    monkeypatch.setattr(_fs, "_CHUNK", 10)
    monkeypatch.setattr(_fs, "_SMALL", 4)
    asked, write = [], _fs.write

    def half(descriptor, content):
        asked.append(len(content))
        return write(descriptor, content[: max(len(content) // 2, 1)])

    monkeypatch.setattr(_fs, "write", half)
    whole = bytes(range(35))
    _fs.write_directory(tmp_path / "a", {"b": [whole, b"123", b"", b"45", b"6789"], "c": []})
    assert (tmp_path / "a" / "b").read_bytes() == whole + b"123456789"
    assert (tmp_path / "a" / "c").read_bytes() == b""
    assert max(asked) == 10


def test_neighbours_are_joined_only_while_they_are_small(monkeypatch):
    monkeypatch.setattr(_fs, "_SMALL", 3)
    assert list(_fs._chunks([b"1", b"22", b"333", b"4", b"5555", b"6666", b""])) == [
        b"122", b"333", b"4", b"5555", b"6666", b"",
    ]  # fmt: skip


@pytest.mark.parametrize("replace", [False, True])
def test_no_descriptor_stays_open_whatever_fails(tmp_path, replace, monkeypatch):
    _fs.write_directory(tmp_path / "a", {"b": [b"1"]})
    before = len(os.listdir(DESCRIPTORS))
    for name in ("write", "sync", "sync_directory", "rename" if not replace else "exchange"):
        with monkeypatch.context() as broken:
            broken.setattr(_fs, name, failing(errno.EIO))
            with pytest.raises(OSError, match=re.escape(os.strerror(errno.EIO))):
                _fs.write_directory(tmp_path / ("a" if replace else "new"), {"b": [b"2"]}, replace=replace)
    assert len(os.listdir(DESCRIPTORS)) == before
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a" / "b").read_bytes() == b"1"


@pytest.mark.parametrize(("number", "raised"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_a_file_system_that_cannot_flush_directories_is_no_error(tmp_path, number, raised, monkeypatch):
    before = len(os.listdir(DESCRIPTORS))
    monkeypatch.setattr(os, "fsync", failing(number))
    with pytest.raises(OSError) if raised else contextlib.nullcontext():  # noqa: PT011
        _fs.sync_directory(tmp_path)
    assert len(os.listdir(DESCRIPTORS)) == before


def test_what_is_not_there_holds_no_names_and_is_removed_already(tmp_path):
    assert _fs.listdir(tmp_path / "absent") == []
    _fs.rmtree(tmp_path / "absent")
    (tmp_path / "file").touch()
    assert _fs.listdir(tmp_path) == ["file"]
    with pytest.raises(NotADirectoryError):
        _fs.listdir(tmp_path / "file")


# --- swapping -------------------------------------------------------------------------------------


def test_two_directories_change_places(two):
    one, other = two
    if not _fs.exchange(one, other):
        pytest.skip("this file system has no exchange")
    assert (os.listdir(one), os.listdir(other)) == (["other"], ["one"])


def test_a_swap_that_fails_says_where(two):
    one, other = two
    with pytest.raises(FileNotFoundError) as caught:
        _fs.exchange(one, other / "absent")
    assert caught.value.filename == str(other / "absent")
    assert str(caught.value).startswith(f"[Errno {errno.ENOENT}] {os.strerror(errno.ENOENT)}: ")
    assert (os.listdir(one), os.listdir(other)) == (["one"], ["other"])


def library(monkeypatch, number=0, **functions):
    """Put a C library in the place of the system's, which fails with `number`; return what it is called with."""
    called = []

    def function(name):
        def call(*arguments):
            called.append((name, *(getattr(each, "value", each) for each in arguments)))
            return -1 if number else 0

        return call

    found = types.SimpleNamespace(**{name: function(name) for name in functions})
    monkeypatch.setattr(
        _fs.ctypes, "CDLL", lambda name, use_errno: found if (name, use_errno) == (None, True) else None
    )
    monkeypatch.setattr(_fs.ctypes, "get_errno", lambda: number)
    return called


def test_linux_and_macos_are_asked_in_their_own_way(two, monkeypatch):
    names = [os.fsencode(path) for path in two]
    monkeypatch.setattr(sys, "platform", "linux")
    called = library(monkeypatch, renameat2=True, renamex_np=True)
    assert _fs.exchange(*two) is True
    assert called == [("renameat2", -100, names[0], -100, names[1], 2)]  # AT_FDCWD, RENAME_EXCHANGE
    monkeypatch.setattr(sys, "platform", "darwin")
    called = library(monkeypatch, renamex_np=True)
    assert _fs.exchange(*two) is True
    assert called == [("renamex_np", *names, 2)]  # RENAME_SWAP


@pytest.mark.parametrize("name", ["renameat2", "renamex_np"])
def test_a_file_system_that_cannot_swap_is_no_error_and_others_are(two, name, monkeypatch):
    for number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        assert library(monkeypatch, number, **{name: True}) == []
        assert _fs.exchange(*two) is False
    library(monkeypatch, errno.EIO, **{name: True})
    with pytest.raises(OSError, match=re.escape(os.strerror(errno.EIO))) as caught:
        _fs.exchange(*two)
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(two[1]))


def test_where_nothing_swaps_nothing_is_asked(two, monkeypatch):
    assert library(monkeypatch) == []
    assert _fs.exchange(*two) is False
    called = library(monkeypatch, renameat2=True)
    monkeypatch.setattr(sys, "platform", "win32")
    assert _fs.exchange(*two) is False
    assert called == []


# --- flushing and locking -------------------------------------------------------------------------


def test_macos_is_asked_for_the_flush_that_reaches_the_disk(monkeypatch):
    called = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: called.append(("fsync", descriptor)))
    monkeypatch.setattr(_fs, "fcntl", types.SimpleNamespace(F_FULLFSYNC=51, fcntl=lambda *rest: called.append(rest)))
    _fs.sync(7)
    monkeypatch.setattr(_fs, "fcntl", types.SimpleNamespace())
    _fs.sync(8)
    monkeypatch.setattr(_fs, "fcntl", None)
    _fs.sync(9)
    assert called == [(7, 51), ("fsync", 8), ("fsync", 9)]


def test_windows_flushes_no_directory(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    path = str(tmp_path / "absent")
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")
        _fs.sync_directory(path)
    with pytest.raises(FileNotFoundError):
        _fs.sync_directory(path)


def test_windows_opens_files_as_bytes(tmp_path, monkeypatch):
    flags = []
    monkeypatch.setattr(os, "O_BINARY", 2**29, raising=False)
    monkeypatch.setattr(os, "open", lambda path, how, mode: flags.append(how & 2**29))
    _fs.create(tmp_path / "a")
    _fs.open_lock(tmp_path / "a")
    assert flags == [2**29] * 2


def outcome():
    """Return what a lock says, or the number of its error."""
    try:
        return _fs.lock(3)
    except OSError as error:
        return error.errno


TAKEN, NONE = (errno.EACCES, errno.EAGAIN, errno.EDEADLK), (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL)
OUTCOMES = {0: True, **dict.fromkeys(TAKEN, False), **dict.fromkeys(NONE, None), errno.EBADF: errno.EBADF}


@pytest.mark.parametrize("system", ["linux", "win32"])
@pytest.mark.parametrize("number", OUTCOMES, ids=lambda number: errno.errorcode.get(number, "taken"))
def test_a_lock_is_taken_had_by_another_or_not_there(system, number, monkeypatch):
    called = []

    def ask(*arguments):
        called.append(arguments)
        if number:
            raise OSError(number, os.strerror(number))

    if system == "linux":
        monkeypatch.setattr(_fs, "fcntl", types.SimpleNamespace(lockf=ask, LOCK_EX=2, LOCK_NB=4))
        asked = [(3, 6)]
    else:
        monkeypatch.setattr(_fs, "fcntl", None)
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=ask, LK_NBLCK=2))
        monkeypatch.setattr(os, "lseek", lambda *arguments: called.append(("seek", *arguments)))
        asked = [("seek", 3, 2**30, os.SEEK_SET), (3, 2, 1)]  # Windows locks bytes: one that no file of ours has
    assert repr(outcome()) == repr(OUTCOMES[number])
    assert called == asked


def test_other_systems_have_no_lock(monkeypatch):
    monkeypatch.setattr(_fs, "fcntl", None)
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert _fs.lock(3) is None
