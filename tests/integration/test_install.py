"""The package as users install it: the built wheel, in an environment of its own, on each Python that is found."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doc_blocks import lines, shell
from tests.doc_tables import ROOT
from tests.integration.scripts import export_run, script_environment
from tests.integration.terminal import Terminal
from tests.stopwatch import HANG_S
from wandb_tui.sandbox import Sandbox, SandboxConfig

# `uv run` says where it is.
UV = os.environ.get("UV") or shutil.which("uv")
VERSIONS = ("3.11", "3.12", "3.13")
INSTALL_LINES = sorted({line for block in shell("install") for line in lines(block.values[0])})


def interpreter(version):
    """A Python of that version on this machine; None if there is none."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return Path(sys.executable).resolve()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = [
        *pyenv.glob(f"{version}.*/bin/python{version}"),
        *map(Path, filter(None, [shutil.which(f"python{version}")])),
    ]
    return next((path for path in found if "shims" not in path.parts), None)


NEWEST = max(filter(interpreter, VERSIONS), key=VERSIONS.index, default=VERSIONS[-1])


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.2)) as sandbox:
        export_run(sandbox, "abc123")
        yield sandbox


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "-q", "--wheel", "-o", folder, ROOT], check=True, timeout=HANG_S)
    [built] = folder.glob("*.whl")
    return built


def printed_by(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=HANG_S, **more).stdout


def check(installed, sandbox, home):
    environ = script_environment(sandbox, home)
    assert printed_by(installed, "--version", env=environ).startswith("wandb-tui, version ")
    assert "_wandb_tui_completion" in printed_by(installed, "completion", "bash", env=environ)
    assert "available" in printed_by(installed, "wait", "lab/forks/abc123", env=environ)


@pytest.mark.parametrize("line", INSTALL_LINES)
def test_an_install_line_with_the_wheel_in_the_place_of_the_name(wheel, sandbox, tmp_path, line):
    line = line.replace("wandb-run-monitor", str(wheel))
    command = [UV, *line.split()[1:]] if line.startswith("uv") else [UV, "tool", "run", "-q", *line.split()]
    folder = tmp_path / "bin"
    tools = {"UV_TOOL_DIR": tmp_path / "tools", "UV_TOOL_BIN_DIR": folder}
    tools |= {"PIPX_HOME": tmp_path / "pipx", "PIPX_BIN_DIR": folder}
    printed_by(*command, env=os.environ | {name: str(path) for name, path in tools.items()})
    check(folder / "wandb-tui", sandbox, tmp_path)


@pytest.fixture(scope="module")
def programs_of(wheel, tmp_path_factory):
    """Gives the folder of the programs that an installation on a Python has."""

    @functools.cache
    def install(version):
        python = interpreter(version)
        if python is None:
            pytest.skip(f"no Python {version} on this machine")
        folder = tmp_path_factory.mktemp("venv")
        printed_by(UV, "venv", "-q", "-p", python, folder)
        printed_by(UV, "pip", "install", "-q", "-p", folder / "bin" / "python", f"{wheel}[demo]")
        return folder / "bin"

    return install


@pytest.mark.parametrize("version", VERSIONS)
def test_each_python_that_is_claimed(programs_of, sandbox, tmp_path, version):
    check(programs_of(version) / "wandb-tui", sandbox, tmp_path)


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=[] if version == NEWEST else pytest.mark.long) for version in VERSIONS]
)
def test_the_demo_on_each_python(programs_of, sandbox, tmp_path, version):
    with Terminal(script_environment(sandbox, tmp_path)) as terminal:
        terminal.run(str(programs_of(version) / "wandb-tui"), "demo", "--yes")
        terminal.until("available", "failed")
        terminal.keys("q")
        terminal.until("Quit wandb-tui?")
        terminal.keys("y")
        terminal.until("shell-is-back$")


def test_what_is_claimed_is_what_is_tried():
    project = (ROOT / "pyproject.toml").read_text()
    assert [
        version
        for version in ("3.10", *VERSIONS, "3.14")
        if f'"Programming Language :: Python :: {version}"' in project
    ] == [*VERSIONS]
    assert "Python 3.11, 3.12 or 3.13" in (ROOT / "README.md").read_text()
