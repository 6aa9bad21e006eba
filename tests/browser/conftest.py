"""A lab of a copy of the course, and a headless Chromium."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = [
    "--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,1400",
]  # fmt: skip
# All cells are in the page, also those out of sight: a test can find them by their place.
TRACKER = "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
SETTINGS = {"windowingMode": "none"}
# `window.jupyterapp`: a test puts text into cells and chooses a theme through it.
CONFIG = {"LabApp": {"expose_app_in_browser": True}}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address, token included, of a running `course lab` whose work/ is new."""
    (tmp_path / "course").mkdir()
    shutil.copy(ROOT / "course" / "syllabus.toml", tmp_path / "course")
    shutil.copytree(ROOT / "release", tmp_path / "release")
    settings = tmp_path / "settings"
    (settings / TRACKER).parent.mkdir(parents=True)
    (settings / TRACKER).write_text(json.dumps(SETTINGS))
    (settings / "jupyter_server_config.json").write_text(json.dumps(CONFIG))
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_PATH": str(settings),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
    }
    command = [sys.executable, "-P", "-m", "course", "lab", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = ""
            while "Ctrl-C" not in said and (line := process.stdout.readline()):
                said += line
            yield re.search(r"http://\S+", said)[0]
        finally:
            process.terminate()
            process.communicate()  # it says goodbye before it ends
    assert process.returncode == 0


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    if not (CHROMIUM and DRIVER):
        pytest.skip("no Chromium with its driver: apt install chromium chromium-driver")
    options = Options()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS, f"--user-data-dir={tmp_path / 'chromium'}"]:
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to start as root with it
    driver = webdriver.Chrome(options, Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()
