"""The other side of the visits: a thread per run, each with a browser of its own.

``python -m tests.benchmarks.programs.browsers RUNS_FILE BROWSER``; prints ``seconds S`` when all have been visited.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from playwright.sync_api import sync_playwright


def visit(path: str, browser_path: str) -> None:
    entity, project, run_id = path.split("/")
    base = os.environ["WANDB_BASE_URL"]
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, headless=True, args=arguments)
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{base}/login")
        page.get_by_label("E-mail or username").fill(os.environ["WANDB_VIEWER_MAIL"])
        page.get_by_label("Password").fill(os.environ["WANDB_VIEWER_PW"])
        with page.expect_navigation():
            page.get_by_role("button", name="Log in").click()
        page.goto(f"{base}/{entity}/{project}/runs/{run_id}")
        page.get_by_role("heading", name="Run details").wait_for()
        browser.close()
    print(f"visited {path}", flush=True)


def main() -> None:
    began = time.monotonic()
    paths = Path(sys.argv[1]).read_text().split()
    threads = [threading.Thread(target=visit, args=(path, sys.argv[2])) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"seconds {time.monotonic() - began}", flush=True)


if __name__ == "__main__":
    main()
