"""The dashboard, the only importer of Textual."""

import os

# Textual's maximum frame rate. A key pressed during one paint waits for the one after the next: with Textual's default
# of 60, up to 33 ms. Monitor events are batched over a longer time anyway, and nothing else here moves by itself.
os.environ.setdefault("TEXTUAL_FPS", "480")
