"""The tests, and the checks around them."""

import os
import sys

# Some machines, containers above all, tell Python not to keep the bytecode of what it imports. The tests start several
# hundred Python processes, and each would compile Textual, the SDK or Ray anew, which takes longer than to run them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
