"""The addon as a Python package: what pip installs is the whole of it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ADDON = Path(__file__).resolve().parent.parent / "crm_procedure"
# What an addon reads at run time, by folder or name's ending.
SHIPPED = {".py", ".xml", ".csv", ".po", ".pot", ".js", ".scss", ".css", ".svg", ".png"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built by the pinned build tools: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    # Outside the repository: inside, the version would count commits.
    source = folder / "crm_procedure"
    shutil.copytree(ADDON, source, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    built = subprocess.run([*command, "--wheel-dir", folder, source], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    [path] = folder.glob("*.whl")
    return path


def test_wheel_is_named_for_odoo_19(wheel):
    assert wheel.name.startswith("odoo_addon_crm_procedure-19.0.")


def test_wheel_holds_every_file_of_the_addon(wheel):
    expected = {
        f"odoo/addons/crm_procedure/{path.relative_to(ADDON).as_posix()}"
        for path in ADDON.rglob("*")
        if path.is_file() and path.suffix in SHIPPED and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        missing = expected - set(archive.namelist())
    assert expected
    assert not missing


def test_wheel_names_what_it_needs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = archive.read(name).decode()
    assert "Requires-Dist: odoo==19.0.*" in metadata
    assert "Requires-Dist: holidays" in metadata
