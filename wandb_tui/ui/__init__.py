"""The dashboard, the only importer of Textual."""

import os

# How often a second Textual paints at the most. A key that comes while one painting goes on waits for the next but one:
# with Textual's own 60, for as long as 33 ms. What the monitors say is gathered for longer than that anyway, and
# nothing else here moves by itself.
os.environ.setdefault("TEXTUAL_FPS", "480")
