"""What a password costs who guesses. Everywhere else tests take the least (tests/conftest.py)."""

import subprocess
import sys

from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

HASH = """
import asyncio
from forum import passwords
print(asyncio.run(passwords.hashed("a few quiet words")))
print(passwords.DUMMY)
"""


def test_the_site_spends_what_the_rfc_recommends() -> None:
    said = subprocess.run([sys.executable, "-c", HASH], check=True, capture_output=True, text=True, timeout=60)
    # Nobody's password costs the same, so that the time does not say whose account there is.
    for stored in said.stdout.split():
        assert extract_parameters(stored) == RFC_9106_LOW_MEMORY
