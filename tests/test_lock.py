"""What CI installs is locked by hash and is what the project asks for; known bad versions stay out."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / ".ci" / "requirements.txt").read_text(encoding="utf-8")
ASKED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]


def locked():
    """Return name -> the line of a package and its hashes."""
    entries = re.split(r"\n(?=\S)", LOCK.replace("\\\n", " "))
    found = {}
    for entry in entries:
        text = "\n".join(line for line in entry.splitlines() if not line.strip().startswith("#"))
        requirement, *hashes = text.split("--hash=")
        if requirement.strip():
            found[Requirement(requirement.strip()).name.lower()] = (Requirement(requirement.strip()), hashes)
    return found


@pytest.mark.goal("G33")
def test_every_package_is_locked_by_hash():
    assert len(locked()) > 40
    for name, (requirement, hashes) in locked().items():
        assert re.fullmatch(r"==[\w.!]+", str(requirement.specifier)), name
        assert hashes, name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", each) for each in hashes), name


@pytest.mark.goal("G33")
@pytest.mark.parametrize("asked", ASKED)
def test_what_the_project_asks_for_is_locked(asked):
    wanted = Requirement(asked)
    requirement, _ = locked()[wanted.name.lower()]
    assert wanted.specifier.contains(next(iter(requirement.specifier)).version)


@pytest.mark.goal("G33")
def test_torch_is_none_with_a_known_hole_and_of_no_single_device():
    floor = next(Requirement(each).specifier for each in PROJECT["dependencies"] if each.startswith("torch>"))
    assert floor == SpecifierSet(">=2.10")  # CVE-2025-32434 and CVE-2026-24747 are mended in it
    requirement, _ = locked()["torch"]
    assert "+" not in str(requirement.specifier)


@pytest.mark.goal("G33")
def test_nothing_is_fetched_from_a_second_index():
    settings = [LOCK, *(file.read_text(encoding="utf-8") for file in (ROOT / ".ci").iterdir() if file.is_file())]
    assert not any("--extra-index-url" in text or "--trusted-host" in text for text in settings)


def package(name, *faults):
    return {"name": name, "version": "1.0", "vulns": [{"id": fault, "fix_versions": []} for fault in faults]}


SKIPPED = {"name": "there", "skip_reason": "Dependency not found on PyPI"}
REPORTS = {
    "a fault is known": ([package("a"), package("b", "CVE-1", "CVE-2")], 1, ["2 of 2", "2 faults", "b 1.0: CVE-2"]),
    "none is known": ([package("a"), package("b")], 0, ["2 of 2 packages audited, 0 faults."]),
    "one is unknown": ([package("a"), SKIPPED], 0, ["1 of 2", "Not audited: 1, the first there: Dependency not found"]),
    "all are unknown": ([SKIPPED, SKIPPED], 0, ["Nothing was audited", "0 of 2"]),
    "a fault beside an unknown one": ([SKIPPED, package("b", "CVE-1")], 1, ["1 of 2", "b 1.0: CVE-1"]),
    "no report": (None, 0, ["Not audited: the service gave no report"]),
}


@pytest.mark.goal("G33")
@pytest.mark.skipif(os.name == "nt", reason="a script for the shell")
@pytest.mark.parametrize("what", REPORTS)
def test_an_audit_says_what_was_audited_and_fails_when_a_fault_is_known(what, tmp_path):
    packages, status, says = REPORTS[what]
    report = tmp_path / "report.json"
    report.write_text("" if packages is None else json.dumps({"dependencies": packages, "fixes": []}))
    done = subprocess.run([ROOT / ".ci" / "audit", report], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (status, "")
    assert [words for words in says if words not in done.stdout] == []
