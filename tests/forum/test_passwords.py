"""What a password costs who guesses. Everywhere else tests take the least (tests/conftest.py)."""

import subprocess
import sys

from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

HASH = "import asyncio; from forum import passwords; print(asyncio.run(passwords.hashed('a few quiet words')))"


def test_the_site_spends_what_the_rfc_recommends() -> None:
    said = subprocess.run([sys.executable, "-c", HASH], check=True, capture_output=True, text=True, timeout=60)
    assert extract_parameters(said.stdout.strip()) == RFC_9106_LOW_MEMORY
