"""The end-to-end fixtures (chains, agents, bench, binary; EK_BIN names the binary)
and the helpers of the policy's own tests."""

import importlib.util
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "property"), str(TESTS)]

_spec = importlib.util.spec_from_file_location("e2e_fixtures", TESTS / "e2e" / "conftest.py")
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
binary, chains, agents, bench, built = _e2e.binary, _e2e.chains, _e2e.agents, _e2e.bench, _e2e.built
