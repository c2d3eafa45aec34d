"""Fixtures of the deployment tests: the package, a fresh Debian to put it on,
and the end-to-end tests' chain and agent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "e2e"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import Agent, binary_of, localnet  # noqa: E402
from machine import Missing, System  # noqa: E402


@pytest.fixture(scope="session")
def program():
    path = binary_of("embedded")
    if not path.exists():
        pytest.fail("%s is not built: `make embedded`" % path)
    return path


@pytest.fixture(scope="session")
def build_package(program):
    """build_package(version) makes a Debian package of the built program and gives its path."""

    def make(version=None):
        environment = {**os.environ, "BINARY": str(program), **({"VERSION": version} if version else {})}
        p = subprocess.run(
            [str(ROOT / "Deploy/deb/build.sh")], capture_output=True, text=True, timeout=120, env=environment
        )
        assert p.returncode == 0, p.stderr
        return ROOT / p.stdout.strip()

    return make


@pytest.fixture(scope="session")
def package(program, build_package):
    return build_package()


@pytest.fixture(scope="session")
def system(tmp_path_factory):
    """One fresh Debian for all tests; the module that puts something into it takes it out again."""
    try:
        made = System(tmp_path_factory.mktemp("debian"))
    except Missing as why:
        pytest.skip("a Debian system: %s" % why)
    yield made
    made.remove()


@pytest.fixture
def chain(program):
    c = localnet(program)
    yield c
    c.close()


@pytest.fixture
def agents(program):
    made = []

    def make(chain, **given):
        made.append(Agent(program, chain, **given))
        return made[-1]

    yield make
    for a in made:
        a.close()
