"""``wandb-tui doctor``: what works here and what does not, in checks that each say what to do.

``report.py`` makes a check of a look, ``here.py`` and ``terminal.py`` look at this machine and the server, ``way.py``
tries the whole way on one run, ``exports.py`` finds out what starts an export, ``clinic.py`` is all of it for the
dashboard.
"""

from wandb_tui.core.checks import Check, Mark
from wandb_tui.doctor.here import examine
from wandb_tui.doctor.way import examine_run

__all__ = ["Check", "Mark", "examine", "examine_run"]
