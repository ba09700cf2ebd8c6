"""Loads each hostile file in a process of its own, in which whatever loading must never do is fatal.

``python run.py GOOD FOLDER`` prints one JSON object a line: the attack, the exception, what was done, MiB of memory.
"""

import gc
import json
import os
import pickle
import pkgutil
import resource
import signal
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

torch.set_num_threads(1)

import attacks
import skgan
from skgan import GANEstimator

SECONDS = 60
NEVER = (
    "exec",
    "compile",
    "import",
    "subprocess",
    "socket",
    "shutil",
    "ctypes",
    "pickle",
    "tempfile",
    "webbrowser",
    "pty",
)
NEVER_EXACTLY = {
    *("os.system", "os.exec", "os.fork", "os.forkpty", "os.spawn", "os.posix_spawn", "os.startfile", "os.kill"),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink"),
    *("os.truncate", "os.putenv", "os.listdir"),
}


class Harmless:
    def __reduce__(self):
        return os.system, ("true",)


def watch(path, done):
    """Note every event that loading must never cause from now on; it can not be undone."""
    me = threading.get_ident()
    inside = (os.fspath(path),)

    def hook(event, arguments):
        if threading.get_ident() != me:
            return
        if event == "open":
            name = arguments[0] if isinstance(arguments[0], int) else os.fspath(arguments[0])
            writes = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes or (not isinstance(name, int) and not str(name).startswith(inside)):
                done.append(f"open {name}")
        elif event == "os.scandir" and not str(arguments[0]).startswith(inside):
            done.append(f"scandir {arguments[0]}")
        elif event.partition(".")[0] in NEVER or event in NEVER_EXACTLY:
            done.append(f"{event} {arguments!r:.80}")

    sys.addaudithook(hook)


def unpickled(path):
    """Do what must never be done."""
    with open(path.with_name("harmless"), "rb") as file:
        return pickle.load(file)


def much_memory(path):
    """Take what must never be taken."""
    return b"1" * 2**27


def attempt(path, load):
    """Load a path under watch; what came of it."""
    done, base = [], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    watch(path, done)
    start = time.perf_counter()
    try:
        load(path)
        name, text, skgans = "", "", True
    except BaseException as error:
        name, text = type(error).__name__, str(error)
        skgans = type(error).__module__ == "skgan.exceptions"
    seconds = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
    return {"raised": name, "text": text, "skgans": skgans, "done": done, "mib": grown, "seconds": seconds}


def in_a_child(path, load=GANEstimator.load):
    """Return what `attempt` does, in a copy of this process."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)  # a load that never ends dies, and is found out
        os.write(write, json.dumps(attempt(path, load)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text or b'{"raised": "died", "text": "", "skgans": false, "done": [], "mib": 0, "seconds": 0}')


def size_of(path):
    """Return the MiB that a path takes on the disk."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return sum(file.lstat().st_blocks * 512 for file in files) / 2**20


def main(good, folder):
    for module in pkgutil.walk_packages(skgan.__path__, "skgan."):
        if "__main__" not in module.name and ".testing" not in module.name:
            import_module(module.name)
    signal.alarm(SECONDS)
    GANEstimator.load(good).sample(2)
    found = attacks.every()
    for name in ("module_as_part", "endless_depth"):  # what is looked up once is looked up here
        attack = next(attack for each, attack in found.items() if each.endswith(name))
        place = folder / f"warm-{name}"
        place.mkdir()
        with suppress(skgan.exceptions.SkganError):
            GANEstimator.load(attack.build(good, place))
    signal.alarm(0)
    gc.freeze()
    for name, build in [("good", lambda good, folder: good), *((name, attack.build) for name, attack in found.items())]:
        place = folder / name
        place.mkdir()
        path = build(good, place)
        print(json.dumps({"attack": name, "size": size_of(path), **in_a_child(path)}), flush=True)
    (folder / "harmless").write_bytes(pickle.dumps(Harmless()))
    for name, load in (("unpickled", unpickled), ("much memory", much_memory)):
        print(json.dumps({"attack": name, **in_a_child(folder / "model", load)}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
