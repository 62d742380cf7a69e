#!/usr/bin/env python3
"""Set up this checkout and run, test, check or build Starkeep in it.

usage: python3 dev.py COMMAND [-- OPTIONS]

  run      start the program; OPTIONS are its own, e.g. run -- --headless --port 0
  test     run the tests; OPTIONS are pytest's, e.g. test -- -k queue -x
           test --postgres runs them on a private PostgreSQL server instead of SQLite files
  check    lint, formatting, types, import rules; whether the lock fits pyproject.toml
  bench    run the benchmarks; OPTIONS are theirs
  migrate  run alembic, e.g. migrate -- upgrade head
  build    make a folder that runs without Python (PyInstaller, build.spec)
  lock     bring requirements.lock in line with pyproject.toml, keeping the versions
           that still fit; lock -- --upgrade takes the newest of everything

Each command first makes .venv if it is missing or out of date, installs what
requirements.lock names (every file checked against its hash), and looks for the system
libraries that Qt needs; when all that is done already, it costs nothing to speak of.
Needs Python 3.11, 3.12 or 3.13, and no other package.
"""

# Any Python from 3.8 on must be able to read this file, to find a suitable one and hand over.
from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent
WINDOWS = sys.platform == "win32"

PYTHONS = ((3, 11), (3, 12), (3, 13))
PYTHON_NAME = "python{}.{}".format(*sys.version_info[:2])
# The interpreter behind a virtual environment: .venv may be deleted while it runs this file.
BASE_PYTHON: str = getattr(sys, "_base_executable", None) or sys.executable

VENV = ROOT / ".venv"
VENV_BIN = VENV / ("Scripts" if WINDOWS else "bin")
VENV_PYTHON = VENV_BIN / ("python.exe" if WINDOWS else "python")
STAMP = VENV / "set-up.json"
SET_UP_LOCK = ROOT / ".venv.lock"

PYPROJECT = ROOT / "pyproject.toml"
REQUIREMENTS = ROOT / "requirements.lock"
UV_REQUIREMENT = "uv>=0.13.9,<0.14"

# What Qt links to and its wheels do not bring along: library -> Debian package.
QT_CORE_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libzstd.so.1": "libzstd1",
}
QT_WIDGETS_LIBRARIES = {
    **QT_CORE_LIBRARIES,
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",  # linked by QtGui itself, offscreen too
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libxkbcommon.so.0": "libxkbcommon0",
}
QT_XCB_LIBRARIES = {
    **QT_WIDGETS_LIBRARIES,
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
QT_WAYLAND_LIBRARIES = {
    **QT_WIDGETS_LIBRARIES,
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
FONT_PACKAGE = "fonts-dejavu-core"
# PyInstaller reads and strips binaries with these.
BUILD_PROGRAMS = {"objdump": "binutils", "objcopy": "binutils", "ldd": "libc-bin"}
# Tests start a server of their own with these; Debian keeps them out of the PATH.
POSTGRES_PROGRAMS = {"initdb": "postgresql", "pg_ctl": "postgresql", "psql": "postgresql"}
POSTGRES_FOLDER = Path("/usr/lib/postgresql")
# Who chooses tests wants their output as they run, and no workers started for one of them. One
# more than there are processors to run on: tests wait for the programs that they start, and two
# workers left two processors idle for a quarter of the time.
PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
WORKERS = (PROCESSORS or 1) + 1
WHOLE_SUITE_OPTIONS = ("-n", str(WORKERS), "--dist", "worksteal")

# They would send pip elsewhere than into .venv, or make it take other packages for installed.
DISTURBING_VARIABLES = frozenset(
    ("PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_ROOT", "PIP_TARGET", "PIP_USER")
)


class SetUpError(Exception):
    """The checkout cannot be made ready; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Carry out one command and return the exit code."""
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        print(__doc__)
        return 0
    if not arguments or arguments[0] not in COMMANDS:
        say(f"expected a command ({', '.join(COMMANDS)}); --help tells what each does")
        return 2
    options = arguments[1:]
    if "--" in options:
        options.remove("--")
    try:
        if sys.version_info[:2] not in PYTHONS:
            hand_over([find_python(), __file__, *arguments])
        return COMMANDS[arguments[0]](options)
    except SetUpError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def say(text: str) -> None:
    """Report on standard error; standard output belongs to the program that is run."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


# ---- Commands ----


def run(options: list[str]) -> NoReturn:
    """Become the program."""
    prepare(libraries_to_run(options))
    # -P: the folder it is started in must not come before the installed packages.
    hand_over([str(VENV_PYTHON), "-P", "-m", "desktop_app", *options])


def test(options: list[str]) -> NoReturn:
    """Become pytest, without a display unless one was chosen; the whole suite on all cores."""
    programs = POSTGRES_PROGRAMS if "--postgres" in options else {}
    whole = not set(options) - {"--postgres"}
    become_module("pytest", [*options, *(WHOLE_SUITE_OPTIONS if whole else ())], programs)


def bench(options: list[str]) -> NoReturn:
    """Become the benchmarks, without a display unless one was chosen."""
    become_module("tests.benchmarks", options)


def migrate(options: list[str]) -> NoReturn:
    """Become the alembic command line."""
    prepare({})
    # As the program it stays where it was started: a database named by a relative path is the same
    # file for both. So it is told where its settings are; what another project has here is not it.
    settings = [f"--config={ROOT / name}" for name in ("pyproject.toml", "alembic.ini")]
    hand_over([str(VENV_PYTHON), "-P", "-m", "alembic", *settings, *options])


def check(options: list[str]) -> int:
    """Run every check, also after one has failed, and return 1 if any did."""
    refuse_options("check", options)
    prepare({})
    python = str(VENV_PYTHON)
    commands: dict[str, list[str]] = {
        "ruff check": [python, "-m", "ruff", "check"],
        "ruff format": [python, "-m", "ruff", "format", "--check"],
        "mypy": [python, "-m", "mypy"],
        "import rules": [str(VENV_BIN / "lint-imports"), "--no-logo", "--no-cache"],
    }
    failed = [] if lock_is_current() else ["requirements.lock (run: python3 dev.py lock)"]
    for title, command in commands.items():
        say(title)
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            failed.append(title)
    say("failed: " + ", ".join(failed) if failed else "all checks passed")
    return 1 if failed else 0


def build(options: list[str]) -> NoReturn:
    """Become PyInstaller."""
    # It bundles the libraries it finds here, so a window's have to be complete.
    prepare({**QT_XCB_LIBRARIES, **libpython()}, BUILD_PROGRAMS)
    command = [str(VENV_PYTHON), "-m", "PyInstaller", "--noconfirm", *options, "build.spec"]
    hand_over(command, folder=ROOT)


def lock(options: list[str]) -> int:
    """Write requirements.lock with uv from a temporary environment."""
    with tempfile.TemporaryDirectory(prefix="starkeep-lock-") as folder:
        say("installing uv for the moment")
        run_step(BASE_PYTHON, "-m", "venv", folder)
        scripts = Path(folder, VENV_BIN.name)
        run_step(str(scripts / VENV_PYTHON.name), "-m", "pip", "install", "-qq", UV_REQUIREMENT)
        say("resolving")
        run_step(
            *(str(scripts / "uv"), "pip", "compile", PYPROJECT.name, "-o", REQUIREMENTS.name),
            *("--extra", "postgres", "--group", "dev", "--generate-hashes", "--quiet"),
            # One version of everything for all supported Pythons and systems.
            *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest"),
            # No address of an index, no option taken from this machine's configuration.
            *("--no-emit-index-url", "--no-emit-find-links", "--no-config"),
            *("--no-header", "--annotation-style", "line"),
            *options,
        )
    packages = REQUIREMENTS.read_text("utf-8")
    REQUIREMENTS.write_text(lock_header() + packages, "utf-8")
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": run,
    "test": test,
    "check": check,
    "bench": bench,
    "migrate": migrate,
    "build": build,
    "lock": lock,
}


def become_module(
    module: str, options: Sequence[str], programs: Mapping[str, str] | None = None
) -> NoReturn:
    """Become one of the checkout's or the environment's modules that use Qt."""
    prepare(QT_WIDGETS_LIBRARIES, programs)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    hand_over([str(VENV_PYTHON), "-m", module, *options], folder=ROOT)


def refuse_options(command: str, options: Sequence[str]) -> None:
    """Stop at options that would have no effect."""
    if options:
        raise SetUpError(f"{command} takes no options")


def hand_over(command: list[str], folder: Path | None = None) -> NoReturn:
    """Become another program, so that signals and the exit code are its own."""
    if folder is not None:
        os.chdir(folder)
    if not WINDOWS:
        os.execv(command[0], command)
    # Windows cannot replace a process: wait instead, and leave Ctrl+C to the program.
    process = subprocess.Popen(command)
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            sys.exit(process.wait())


# ---- A suitable Python ----


def find_python() -> str:
    """Return a supported interpreter: the one .venv is made of, or the newest on the PATH."""
    if WINDOWS:
        candidates = [["py", "-{}.{}".format(*version)] for version in reversed(PYTHONS)]
    else:
        candidates = [["python{}.{}".format(*version)] for version in reversed(PYTHONS)]
    for candidate in [[str(VENV_PYTHON)], *candidates]:
        interpreter = supported_interpreter(candidate)
        if interpreter is not None:
            return interpreter
    raise SetUpError(
        "Starkeep needs Python 3.11, 3.12 or 3.13. This is {}.{}, and none of those was found; "
        "install one and start dev.py with it.".format(*sys.version_info[:2])
    )


def supported_interpreter(command: list[str]) -> str | None:
    """Return the real interpreter behind a command, if it starts and is of a supported version."""
    program = "import sys; print(sys._base_executable); print(tuple(sys.version_info[:2]))"
    try:
        answer = subprocess.run(
            [*command, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except OSError:
        return None
    lines = answer.stdout.splitlines()
    if answer.returncode != 0 or len(lines) != 2:
        return None
    return lines[0] if lines[1] in map(str, PYTHONS) else None


# ---- The environment ----


def prepare(libraries: Mapping[str, str], programs: Mapping[str, str] | None = None) -> None:
    """Make the environment and the system ready, or raise SetUpError."""
    wanted = wanted_stamp()
    programs = programs or {}
    if read_stamp() == wanted and not missing_packages(libraries, programs):
        return
    with set_up_lock():
        # Looked at again: another dev.py may have done it while this one waited.
        installed = read_stamp()
        missing = missing_packages(libraries, programs)
        if installed != wanted and not can_make_venv():
            missing.append(f"{PYTHON_NAME}-venv")
        if missing:
            install_packages(missing)
        still_missing = missing_packages(libraries, programs)
        if still_missing:
            raise SetUpError("still not found after installing: " + " ".join(still_missing))
        if installed != wanted:
            set_up(installed, wanted)


def wanted_stamp() -> dict[str, str]:
    """Describe what the environment has to be made from."""
    return {
        # A virtual environment holds absolute paths: moved, or its Python gone, it is no use.
        "checkout": str(ROOT),
        "python": f"{PYTHON_NAME} in {sys.base_prefix}",
        "requirements": digest(REQUIREMENTS.read_bytes()),
        "project": digest(PYPROJECT.read_bytes()),
    }


def read_stamp() -> dict[str, str]:
    """Return what the environment was made from; nothing if it is missing or unfinished."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if VENV_PYTHON.exists() else {}


def write_stamp(stamp: Mapping[str, str]) -> None:
    """Declare the environment finished, in one step."""
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(stamp, indent=1), "utf-8")
    draft.replace(STAMP)


def set_up(installed: dict[str, str], wanted: dict[str, str]) -> None:
    """Make the environment, or only install the project anew if nothing else has changed."""
    with contextlib.suppress(FileNotFoundError):
        STAMP.unlink()  # from here until the end it is unfinished, whatever happens
    if {**installed, "project": wanted["project"]} != wanted:
        make_venv()
        install_requirements()
    say("installing Starkeep itself")
    pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    write_stamp(wanted)


def make_venv() -> None:
    """Make .venv from scratch: what an earlier lock installed must not linger."""
    say(f"making .venv with Python {sys.version.split()[0]}")
    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    without_pip = [] if has_module("ensurepip") else ["--without-pip"]
    run_step(BASE_PYTHON, "-m", "venv", *without_pip, str(VENV))


def install_requirements() -> None:
    """Install what the lock names, from wheels alone: a build would fetch unpinned packages."""
    count = sum(line[:1].isalnum() for line in REQUIREMENTS.read_text("utf-8").splitlines())
    say(f"installing {count} packages (half a minute, longer while they are downloaded)")
    pip("install", "--require-hashes", "--only-binary=:all:", "--requirement", str(REQUIREMENTS))


def pip(*arguments: str) -> None:
    """Run the environment's pip, or where it has none, the one beside the base interpreter."""
    own = [str(VENV_PYTHON), "-m", "pip"]
    other = [BASE_PYTHON, "-m", "pip", "--python", str(VENV_PYTHON)]
    own_exists = any(VENV_BIN.glob("pip*"))
    run_step(*(own if own_exists else other), *arguments, "-qq", "--disable-pip-version-check")


def run_step(*command: str) -> None:
    """Run one step of a set-up and raise SetUpError if it fails."""
    environment = {k: v for k, v in os.environ.items() if k not in DISTURBING_VARIABLES}
    # Not closing files lets the step inherit the set-up lock.
    result = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=sys.stderr, close_fds=False
    ).returncode
    if result != 0:
        raise SetUpError(f"failed with code {result}: {' '.join(command)}")


@contextlib.contextmanager
def set_up_lock() -> Iterator[None]:
    """Let one set-up at a time work on this checkout.

    The steps it runs inherit the lock: if dev.py is killed, an installer that goes on alone
    still keeps the next set-up out until it ends.
    """
    with SET_UP_LOCK.open("a") as file:
        if not try_lock(file.fileno()):
            say("waiting for another set-up of this checkout")
            while not try_lock(file.fileno()):
                time.sleep(0.2)
        yield


def try_lock(descriptor: int) -> bool:
    """Take the operating system's lock on an open file, which ends with its last holder."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.set_inheritable(descriptor, True)
    except OSError:
        return False
    return True


def has_module(name: str) -> bool:
    """Tell whether this interpreter can import a module. Debian leaves some to other packages."""
    return importlib.util.find_spec(name) is not None


def can_make_venv() -> bool:
    """Tell whether an environment can be made and filled without another package."""
    return has_module("venv") and (has_module("ensurepip") or has_module("pip"))


# ---- The system ----


def libraries_to_run(options: Sequence[str]) -> dict[str, str]:
    """Return the libraries that the program needs with these options on this display."""
    if not {"-h", "--help", "--version"}.isdisjoint(options):
        return {}
    if "--headless" in options or names_command(options):
        return QT_CORE_LIBRARIES
    libraries = dict(QT_WIDGETS_LIBRARIES)
    if os.environ.get("DISPLAY"):
        libraries.update(QT_XCB_LIBRARIES)
    if os.environ.get("WAYLAND_DISPLAY"):
        libraries.update(QT_WAYLAND_LIBRARIES)
    return libraries


def names_command(options: Sequence[str]) -> bool:
    """Tell whether the program is to carry out a command, which may stand behind options.

    Each of them has a value, but for the three that libraries_to_run() knows.
    """
    remaining = iter(options)
    for option in remaining:
        if not option.startswith("-"):
            return True
        if "=" not in option:
            next(remaining, None)
    return False


def libpython() -> dict[str, str]:
    """Return the library that PyInstaller needs of a Python which belongs to the system."""
    if sys.base_prefix != "/usr":
        return {}
    return {f"lib{PYTHON_NAME}.so.1.0": f"lib{PYTHON_NAME}"}


def missing_packages(libraries: Mapping[str, str], programs: Mapping[str, str]) -> list[str]:
    """Return the Debian packages of what is not there. Only Linux leaves this to the system."""
    if sys.platform != "linux":
        return []
    missing = {package for name, package in libraries.items() if not is_loadable(name)}
    missing.update(package for name, package in programs.items() if not is_installed(name))
    if "libfontconfig.so.1" in libraries and not has_font():
        missing.add(FONT_PACKAGE)
    return sorted(missing)


def is_installed(program: str) -> bool:
    """Tell whether a program can be started."""
    return shutil.which(program) is not None or any(POSTGRES_FOLDER.glob(f"*/bin/{program}"))


def is_loadable(library: str) -> bool:
    """Ask the loader itself, which knows every place; all of them together take milliseconds."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_font() -> bool:
    """Tell whether a font is installed: without one, Qt draws no text."""
    return any(
        file.endswith((".ttf", ".otf", ".ttc", ".pfb"))
        for folder in FONT_FOLDERS
        for _, _, files in os.walk(os.path.expanduser(folder))
        for file in files
    )


def install_packages(packages: Sequence[str]) -> None:
    """Install Debian packages, or raise SetUpError with the command that does."""
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SetUpError(f"install what this system calls the Debian packages {names}")
    if os.geteuid() != 0:
        raise SetUpError(
            "some system packages are missing; install them and start again:\n"
            f"  sudo apt-get update && sudo apt-get install --yes {names}"
        )
    say(f"installing system packages: {names}")
    os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
    apt_get("update")
    apt_get("install", "--yes", "--no-install-recommends", *packages)


def apt_get(*arguments: str) -> None:
    """Run apt-get, waiting for another one to end, and raise SetUpError if it fails."""
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
        raise SetUpError(f"failed: {' '.join(command)}")


# ---- The lock ----


def digest(content: bytes) -> str:
    """Return a short name of some content."""
    return hashlib.sha256(content).hexdigest()[:16]


def requirements_digest() -> str:
    """Name the state of everything in pyproject.toml that the lock is made from."""
    import tomllib

    project = tomllib.loads(PYPROJECT.read_text("utf-8"))
    tables = [
        project["project"]["requires-python"],
        project["project"]["dependencies"],
        project["project"]["optional-dependencies"],
        project["dependency-groups"],
    ]
    return digest(json.dumps(tables, sort_keys=True).encode())


def lock_header() -> str:
    """Return the first lines of the lock."""
    return (
        "# Written by `python3 dev.py lock`; not to be edited. It holds the program, its postgres\n"
        "# extra and the development tools, for Python 3.11 to 3.13 on Linux, macOS and Windows.\n"
        f"# Made from requirements: {requirements_digest()}\n"
    )


def lock_is_current() -> bool:
    """Tell whether the lock was made from the requirements that pyproject.toml has now."""
    return REQUIREMENTS.read_text("utf-8").startswith(lock_header())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
