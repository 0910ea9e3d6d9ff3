"""The wheel holds both packages and nothing else; production needs neither pytest nor werkzeug."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_both_packages_typed_and_the_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    tops = {name.partition("/")[0] for name in names}

    assert {top for top in tops if "dist-info" not in top} == {
        "sentryintegration",
        "pytest_sentryintegration",
    }
    assert {"sentryintegration/py.typed", "pytest_sentryintegration/py.typed"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_holds_every_module(wheel: zipfile.ZipFile) -> None:
    modules = {
        path.relative_to(base).as_posix()
        for base, package in ((ROOT / "src", "sentryintegration"), (ROOT, "pytest_sentryintegration"))
        for path in (base / package).rglob("*.py")
    }

    assert {name for name in wheel.namelist() if name.endswith(".py")} == modules


def test_production_installs_sentry_sdk_alone(wheel: zipfile.ZipFile) -> None:
    requirements = metadata(wheel).get_all("Requires-Dist", [])

    always = [requirement for requirement in requirements if "extra ==" not in requirement]
    assert [requirement.partition("!")[0] for requirement in always] == ["sentry-sdk"]


def test_the_plugin_is_found_by_its_entry_point(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))

    assert "[pytest11]\nsentryintegration = pytest_sentryintegration.plugin" in wheel.read(name).decode()


def test_importing_the_facade_imports_nothing_of_the_tests(tmp_path: Path) -> None:
    code = (
        "import sys, sentryintegration\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'pytest', '_pytest', 'werkzeug', 'httptools', 'pytest_sentryintegration'}))"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert result.stdout.strip() == "[]"


def test_the_source_distribution_has_all_that_its_tests_read(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    read = {
        "CONTRIBUTING.md",
        "Makefile",
        "noxfile.py",
        ".ci/run",
        ".github/workflows/ci.yml",
        "docs/how-to/index.md",
    }
    assert read <= names
