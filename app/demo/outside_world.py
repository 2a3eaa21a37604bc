"""Starts the simulated WeChat and the simulated carrier of the demo: servers of their own that end with it, however it
ends."""

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
from app.bootstrap.carriers import CARRIER_FILE
from app.config import Settings
from app.demo.clock import CLOCK_FILE
from wechat.simulator.config import Callback
from wechat.simulator.server import SCRIPT

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
        "CLOUDFILM_WECHAT_SCRIPT_URL": f"{base_url}{SCRIPT}",
        "CLOUDFILM_WECHAT_SUBSCRIPTION_ID": simulated_wechat.SUBSCRIPTION_ID,
        "CLOUDFILM_WECHAT_CALLBACK": "safe",
        "CLOUDFILM_WECHAT_CALLBACK_TOKEN": CALLBACK_TOKEN,
        "CLOUDFILM_WECHAT_AES_KEY": AES_KEY,
        "CLOUDFILM_WECHAT_TEMPLATE_IDS": ",".join(f"{k}={v}" for k, v in simulated_wechat.TEMPLATE_IDS.items()),
    }


def former_port(folder: Path, whose: str) -> int | None:
    """The port of `wechat` or `sms` in the folder's demo.json: links of an earlier demo stay right. None without."""
    try:
        known = json.loads((folder / "demo.json").read_text())[whose]["base_url"]
        port: int | None = urlsplit(known).port
        return port
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def running(settings: Settings, wechat_port: int, sms_port: int) -> Iterator[None]:
    """Both listen while the block runs. Processes that are forked in it do not end them."""
    settings.var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    processes, owner = [_wechat(settings, wechat_port), _carrier(settings, sms_port)], os.getpid()
    try:
        yield
    finally:
        if os.getpid() == owner:
            for process in processes:
                process.terminate()


def _wechat(settings: Settings, port: int) -> subprocess.Popen[str]:
    config: Path = settings.var_dir / CONFIG
    callback = Callback(f"{settings.base_url}/hooks/wechat", CALLBACK_TOKEN, AES_KEY, "safe")
    account = replace(simulated_wechat.account(settings, APPID, SECRET), callback=callback)
    with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(simulated_wechat.document(account))
    options = ["--config", str(config), "--state", str(settings.var_dir / STATE), "--until-input-ends"]
    return _started("wechat.simulator", settings, port, options)


def _carrier(settings: Settings, port: int) -> subprocess.Popen[str]:
    """It shares its file with the carrier inside the product's process, which knows its faults by that."""
    options = ["--file", str(settings.var_dir / CARRIER_FILE), "--signature", settings.sms_signature]
    return _started("sms.simulator", settings, port, options)


def _started(module: str, settings: Settings, port: int, options: list[str]) -> subprocess.Popen[str]:
    """Returns when it listens. Its standard input ends with the demo, and it with that. Raises RuntimeError."""
    command = [sys.executable, "-m", module, "--port", str(port), *options]
    command += ["--clock-file", str(settings.var_dir / CLOCK_FILE)]
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    if not process.stdout.readline():
        raise RuntimeError(f"{module} did not start")
    return process
