"""The tests, and the checks around them."""

import os
import sys

# Some machines, containers above all, tell Python not to keep the bytecode of what it imports. The tests start several
# hundred Python processes, and each would compile Textual, the SDK or Ray again, which takes longer than running them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Others tell it not to buffer output. A script's `print` then writes each word by itself, and what a monitor's thread
# writes meanwhile comes between them.
os.environ.pop("PYTHONUNBUFFERED", None)
