"""The bench of the end-to-end tests: the built binary as a black box against a node on loopback.

node   localnet (the binary's own embedded chain), the real program (svmnode),
       or a server written to misbehave
agent  a scratch directory with key, config, state and socket, and the binary run in it
"""

from .agent import Agent, Run, binary_of
from .chain import Chain, localnet, real_program, real_program_missing
from .words import base58, together, unbase58, wait_for

__all__ = [
    "Agent",
    "Run",
    "binary_of",
    "Chain",
    "localnet",
    "real_program",
    "real_program_missing",
    "base58",
    "together",
    "unbase58",
    "wait_for",
]
