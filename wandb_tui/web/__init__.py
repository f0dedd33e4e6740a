"""The web server of ``wandb-tui serve``: dashboards in a browser, for their owner alone (extra: ``web``).

Each page has a dashboard of its own, a child process that draws into a pipe; all of them share the stored list. The
terminal in the page, xterm.js, and the protocol of the pipes are those of textual-serve.

Where to look: ``server.py`` starts, stops and answers, ``access.py`` decides who is let in, ``page_session.py`` runs a
dashboard, ``page/`` is the page.
"""
