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


def spec(name, target, kind="loss"):
    return f"ComponentSpec({kind!r}, {name!r}, {target!r})"


class PluginEnvironment:
    """A folder on the path in which distributions appear."""

    def __init__(self, folder):
        self.folder = folder
        self.modules = []

    def install(self, distribution, entry, version="1.2.3", **files):
        """Write a distribution whose entry module has the text `entry`, and more modules by name."""
        package = distribution.replace("-", "_")
        for name, text in {package: entry, **files}.items():
            (self.folder / f"{name}.py").write_text(textwrap.dedent(text))
            self.modules.append(name)
        info = self.folder / f"{package}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[skgan]\n{package} = {package}\n")
        self.look_again()

    def install_loss(self, distribution, *names, cls="Theirs"):
        """Write a distribution that offers one working loss under `names`."""
        part = f"{distribution.replace('-', '_')}_impl"
        specs = ", ".join(spec(name, f"{part}:{cls}") for name in names)
        self.install(distribution, OFFER.format(specs=specs), **{part: PART.format(cls=cls)})

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
