"""Starts the simulated WeChat of the demo: a server of its own that ends with the demo, however the demo ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from app.bootstrap import simulated_wechat
from app.config import Settings
from app.demo.clock import CLOCK_FILE
from wechat.simulator.config import Callback

APPID, SECRET = "wxdemo00000000001", "demo-secret-of-the-simulated-account"
CALLBACK_TOKEN, AES_KEY = "DemoToken", "DemoAesKeyDemoAesKeyDemoAesKeyDemoAesKeyDem"
STATE, CONFIG = "wechat.json", "wechat-account.json"


def environment(port: int) -> dict[str, str]:
    """The settings of a product that is connected to the simulated WeChat on this port."""
    base_url = f"http://127.0.0.1:{port}"
    return {
        "CLOUDFILM_WECHAT_NOTICES": "template",
        "CLOUDFILM_WECHAT_APPID": APPID,
        "CLOUDFILM_WECHAT_SECRET": SECRET,
        "CLOUDFILM_WECHAT_API_URL": base_url,
        "CLOUDFILM_WECHAT_OPEN_URL": base_url,
        "CLOUDFILM_WECHAT_CALLBACK": "safe",
        "CLOUDFILM_WECHAT_CALLBACK_TOKEN": CALLBACK_TOKEN,
        "CLOUDFILM_WECHAT_AES_KEY": AES_KEY,
        "CLOUDFILM_WECHAT_TEMPLATE_IDS": ",".join(f"{k}={v}" for k, v in simulated_wechat.TEMPLATE_IDS.items()),
    }


def former_port(folder: Path) -> int | None:
    """The port in the folder's demo.json: links of an earlier demo stay right. None without one."""
    try:
        known = json.loads((folder / "demo.json").read_text())["wechat"]["base_url"]
        port: int | None = urlsplit(known).port
        return port
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def running(settings: Settings, port: int) -> Iterator[None]:
    """The simulated WeChat listens while the block runs. Processes that are forked in it do not end it."""
    process, owner = _started(settings, port), os.getpid()
    try:
        yield
    finally:
        if os.getpid() == owner:
            process.terminate()


def _started(settings: Settings, port: int) -> subprocess.Popen[str]:
    """Returns when it listens. Its standard input ends with the demo, and it with that. Raises RuntimeError."""
    settings.var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    config: Path = settings.var_dir / CONFIG
    callback = Callback(f"{settings.base_url}/hooks/wechat", CALLBACK_TOKEN, AES_KEY, "safe")
    account = replace(simulated_wechat.account(settings, APPID, SECRET), callback=callback)
    with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(simulated_wechat.document(account))
    command = [sys.executable, "-m", "wechat.simulator", "--port", str(port), "--config", str(config)]
    command += ["--state", str(settings.var_dir / STATE), "--until-input-ends"]
    command += ["--clock-file", str(settings.var_dir / CLOCK_FILE)]
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line or json.loads(line)["appid"] != APPID:
        raise RuntimeError("the simulated WeChat did not start")
    return process
