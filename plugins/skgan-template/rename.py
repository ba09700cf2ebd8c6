"""Gives a copy of this folder your name: ``python rename.py skgan-yours``. Then delete this file."""

import re
import sys
from pathlib import Path

if len(sys.argv) != 2 or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", sys.argv[1]):
    sys.exit("usage: python rename.py skgan-yours   (lower case, words joined by '-')")
distribution = sys.argv[1]
package, name = distribution.replace("-", "_"), distribution.removeprefix("skgan-")
here = Path(__file__).parent
for file in sorted(here.rglob("*")):
    if file.suffix in (".py", ".toml", ".md") and file != Path(__file__):
        text = file.read_text(encoding="utf-8")
        text = text.replace("skgan-template", distribution).replace("skgan_template", package)
        text = re.sub(r"^template = ", f"{name} = ", text, flags=re.MULTILINE)
        file.write_text(text.replace('"template"', f'"{name}"'), encoding="utf-8")
(here / "src" / "skgan_template").rename(here / "src" / package)
(here / "tests" / "test_template.py").rename(here / "tests" / f"test_{name.replace('-', '_')}.py")
print(f"{distribution}: pip install -e . && skgan plugins check {distribution}")
