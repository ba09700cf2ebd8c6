"""Hostile files: one module each, with the rule of docs/format.md that refuses it and a function that builds it."""

import hashlib
import importlib
import json
import pkgutil
import shutil


def digest(content):
    return hashlib.sha256(content).hexdigest()


def seal(manifest):
    """Return the manifest with its digest, as rule M09 words it."""
    rest = {name: value for name, value in manifest.items() if name != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return {**rest, "sha256": digest(text.encode())}


class Forgery:
    """A copy of a good model that can be changed the way somebody would who can compute digests."""

    def __init__(self, good, folder):
        self.path = folder / "model"
        shutil.copytree(good, self.path)
        self.manifest = json.loads(self._read("manifest.json"))
        self.config = json.loads(self._read("config.json"))
        state = self._read("state.safetensors")
        length = int.from_bytes(state[:8], "little")
        self.head = json.loads(state[8 : 8 + length])
        self.data = state[8 + length :]

    def _read(self, name):
        return (self.path / name).read_bytes()

    def write(self, *, config=None, head=None, length=None):
        """Write everything with digests that are right; `config` and `head` are bytes instead of what was changed."""
        config = json.dumps(self.config).encode() if config is None else config
        head = json.dumps(self.head).encode() if head is None else head
        head = (len(head) if length is None else length).to_bytes(8, "little") + head
        state = head + self.data
        self.manifest["files"]["config.json"] = {"size": len(config), "sha256": digest(config)}
        self.manifest["files"]["state.safetensors"] = {
            "size": len(state),
            "sha256": digest(state),
            "head": digest(head),
        }
        (self.path / "config.json").write_bytes(config)
        (self.path / "state.safetensors").write_bytes(state)
        return self.promise()

    def promise(self, text=None):
        """Write the manifest alone, sealed, or `text` in its place."""
        content = json.dumps(seal(self.manifest)).encode() if text is None else text
        (self.path / "manifest.json").write_bytes(content)
        return self.path

    def replace(self, name, content):
        """Write a file whose digest the manifest promises."""
        (self.path / name).write_bytes(content)
        promised = {"size": len(content), "sha256": digest(content)}
        self.manifest["files"][name] = {**self.manifest["files"][name], **promised}
        return self.promise()

    def part(self, name="loss"):
        return self.config["model"]["parts"][name]

    def resize(self, name, shape, dtype="F32"):
        """Claim another shape for a tensor, with data of zeros that fits."""
        widths = {"F32": 4, "F64": 8, "U8": 1, "I64": 8, "BOOL": 1}
        data, place = b"", 0
        for each, entry in sorted(self.head.items(), key=lambda item: item[1]["data_offsets"]):
            start, end = entry["data_offsets"]
            piece = self.data[start:end]
            if each == name:
                count = 1
                for size in shape:
                    count *= size
                piece = bytes(count * widths[dtype])
                entry.update(dtype=dtype, shape=shape)
            entry["data_offsets"] = [place, place + len(piece)]
            place += len(piece)
            data += piece
        self.data = data
        return self


def every():
    """Return the attacks by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"attacks.{name}") for name in names if name[:1] == "a"}
