"""Fixtures of the crash tests: those of the end-to-end tests (chains, agents, bench, binary;
EK_BIN names the binary), and the disk shim."""

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE)]

_spec = importlib.util.spec_from_file_location("e2e_fixtures", HERE.parent / "e2e" / "conftest.py")
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
binary, chains, agents, bench = _e2e.binary, _e2e.chains, _e2e.agents, _e2e.bench

from shim import build  # noqa: E402


@pytest.fixture(scope="session")
def shim_so(tmp_path_factory):
    return build(tmp_path_factory.mktemp("shim"))
