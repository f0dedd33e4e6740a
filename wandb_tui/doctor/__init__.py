"""``wandb-tui doctor``: checks what works on this machine and with this server, and what to do about the rest.

``report`` turns a finding into a check, ``local_checks`` and ``terminal`` need no run, ``run_trial`` is the end-to-end
check of one run, ``export_trial`` finds out what triggers its export, ``service`` has all of it for the dashboard.
"""

from wandb_tui.core.checks import Check, CheckStatus
from wandb_tui.doctor.local_checks import check_machine
from wandb_tui.doctor.run_trial import check_run

__all__ = ["Check", "CheckStatus", "check_machine", "check_run"]
