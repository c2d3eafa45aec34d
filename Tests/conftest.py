"""What the Python tests share: the core as a shared library, and the folder of these helpers on the import
path. EK_CORE_SO and EK_SYS_SO name the libraries (default build/libevenkeelcore.so and
build/libevenkeelsys.so, made by `make core-so`)."""

import ctypes
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests"))


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "real_program: needs the real Velocity program (EK_VELOCITY_SO) and svmnode.py"
    )


def library(variable, name):
    path = os.environ.get(variable)
    if path:
        return ctypes.CDLL(path)
    path = ROOT / "build" / name
    if not path.exists():
        subprocess.run(["make", "-s", "-C", str(ROOT), "core-so"], check=True)
    return ctypes.CDLL(str(path))


@pytest.fixture(scope="session")
def core():
    return library("EK_CORE_SO", "libevenkeelcore.so")


@pytest.fixture(scope="session")
def sys_core():
    return library("EK_SYS_SO", "libevenkeelsys.so")
