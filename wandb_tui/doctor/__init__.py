"""``wandb-tui doctor``: what works here and what does not, in checks that each say what to do.

``report.py`` makes a check of a look, ``here.py`` and ``terminal.py`` look at this machine and the server, ``way.py``
tries the whole way on one run, ``exports.py`` finds out what starts an export, ``clinic.py`` is all of it for the
dashboard.
"""

from wandb_tui.core.checks import Check, CheckStatus
from wandb_tui.doctor.local_checks import examine
from wandb_tui.doctor.run_trial import examine_run

__all__ = ["Check", "CheckStatus", "examine", "examine_run"]
