"""Installs plugins that do not exist: a module and a ``.dist-info`` on the path, and takes them away again."""

import importlib
import sys
import textwrap
from contextlib import contextmanager

from skgan import registry

PART = """
    from skgan.interfaces import Loss

    class {cls}(Loss):
        def __init__(self, scale=1.0):
            self.scale = scale

        def discriminator(self, batch):
            return self.scale * (batch.fake_.logits.relu() - batch.real_.logits.clamp(max=1.0))

        def generator(self, batch):
            return -self.scale * batch.fake_.logits
"""

OFFER = """
    from skgan import ComponentSpec, hookimpl

    @hookimpl
    def skgan_losses():
        return [{specs}]
"""

_HOOKS = {"loss": "losses", "architecture": "architectures", "conditioning": "conditionings"}
_HOOKS |= {"metric": "metrics", "callback": "callbacks", "regularizer": "regularizers"}


def spec(name, target, kind="loss", **more):
    """Return the text of a `ComponentSpec`; `more` are its keywords."""
    return f"ComponentSpec({', '.join([*map(repr, (kind, name, target)), *(f'{k}={v!r}' for k, v in more.items())])})"


def offer(kind, *specs):
    """Return the text of an entry module whose hook of `kind` offers `specs`."""
    return OFFER.format(specs=", ".join(specs)).replace("skgan_losses", f"skgan_{_HOOKS[kind]}")


class PluginEnvironment:
    """A folder on the path in which distributions appear."""

    def __init__(self, folder):
        self.folder = folder
        self.modules = []

    def write(self, **files):
        """Write modules by name."""
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(textwrap.dedent(text))
            self.modules.append(name)

    def install(self, distribution, entry, version="1.2.3", points=None, **files):
        """Write a distribution whose entry module has the text `entry`, and more modules by name.

        `points` is the text of its entry points, by default the entry module in the group skgan.
        """
        package = distribution.replace("-", "_")
        self.write(**{package: entry}, **files)
        info = self.folder / f"{package}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(points or f"[skgan]\n{package} = {package}\n")
        self.look_again()

    def install_loss(self, distribution, *names, cls="Theirs", **more):
        """Write a distribution that offers one working loss under `names`; `more` are keywords of the specs."""
        part = f"{distribution.replace('-', '_')}_impl"
        specs = ", ".join(spec(name, f"{part}:{cls}", **more) for name in names)
        self.install(distribution, OFFER.format(specs=specs), **{part: PART.format(cls=cls)})

    def install_events(self, distribution, entry):
        """Write a distribution whose entry module, of the text `entry`, is told of fits."""
        package = distribution.replace("-", "_")
        self.install(distribution, entry, points=f"[skgan.events]\nwatching = {package}\n")

    def uninstall_all(self):
        for file in sorted(self.folder.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        self.look_again()

    def look_again(self):
        for name in self.modules:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        registry.refresh()


@contextmanager
def plugin_environment(folder):
    """Lend `folder` to the path."""
    folder.mkdir()
    environment = PluginEnvironment(folder)
    sys.path.insert(0, str(folder))
    try:
        yield environment
    finally:
        sys.path.remove(str(folder))
        environment.look_again()
