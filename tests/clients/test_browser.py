"""Chromium opens a foreign page, which cannot run or read a function of `athena-local serve`.

The page attacks a server without a guard as well: what reaches that one shows what Chromium sends.
Its own barrier between the web and loopback is turned off, because not every browser has one.
"""

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.foreign_site import FOREIGN, REBOUND, Site, Unguarded, Visit, proxy_of, serving
from tests.functions.recorder import ANSWER
from tests.servers import ROOT

PROGRAM = ROOT / "target/debug/athena-local"
SECONDS = 60  # for three pages, which take about five each
INVOCATIONS = "/2015-03-31/functions/recorder/invocations"
READS = {"fetch GET", "fetch GET without CORS", "image", "script", "stylesheet", "frame"}
WRITES = {
    "fetch without CORS",
    "fetch without referrer",
    "fetch of text",
    "fetch of JSON",
    "XMLHttpRequest",
    "beacon",
    "form",
    "form of a sandbox",
}
SOCKET = {"WebSocket"}


@dataclass(frozen=True)
class Attack:
    """Everything that was seen of the pages."""

    server: str  # URL of `athena-local serve`
    log: Path  # of the function
    events: list[str]  # that the function had received when the browser had ended
    foreign: dict[str, Any]
    rebound: dict[str, Any]
    unguarded: Unguarded

    def results(self, report: dict[str, Any]) -> dict[tuple[str, str], str]:
        return {(item["target"], item["name"]): item["result"] for item in report["results"]}


@contextlib.contextmanager
def server(log: Path) -> Iterator[str]:
    """Yields the URL of `athena-local serve` with the function `recorder`."""
    function = f"recorder=exec:{sys.executable} -m tests.functions.recorder {log}"
    process = subprocess.Popen(
        [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--connector", function],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stderr:
            if line.startswith("serving"):
                yield line.strip().partition(" on ")[2]
                break
        else:
            pytest.fail(f"the server exited with status {process.wait()}")
    finally:
        process.terminate()
        process.communicate()


def browse(site: Site, proxy: int, profile: Path) -> None:
    """Opens the first page, and waits until the last one has reported."""
    command = [
        "chromium",
        "--headless=new",
        "--no-sandbox",  # the tests may run as root
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-features=LocalNetworkAccessChecks",
        f"--proxy-server=http://127.0.0.1:{proxy}",
        f"--user-data-dir={profile}",
        site.visits[0].url,
    ]
    log = profile.with_suffix(".log")
    with log.open("wb") as output:
        browser = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        if not site.done.wait(SECONDS):
            reported = [visit.url for visit in site.visits if visit.report]
            pytest.fail(f"reports only of {reported}:\n{log.read_text(errors='replace')[-3000:]}")
    finally:
        browser.terminate()
        browser.wait()


def port_of(url: str) -> str:
    return url.rpartition(":")[2].rstrip("/")


@pytest.fixture(scope="module")
def attack(tmp_path_factory) -> Iterator[Attack]:
    folder = tmp_path_factory.mktemp("browser")
    log, unguarded = folder / "events", Unguarded()
    with server(log) as url, serving(unguarded.handler()) as other:
        port = port_of(url)
        own = [f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
        visits = [
            Visit(f"http://{FOREIGN}/page", [*own[:2], f"http://127.0.0.1:{other}"]),
            Visit(f"http://{REBOUND}:{port}/page", [""]),
            Visit(f"http://{REBOUND}:{other}/page", [""]),
        ]
        site = Site(visits)
        with serving(proxy_of(site)) as proxy:
            browse(site, proxy, folder / "profile")
        events = log.read_text().splitlines() if log.exists() else []
        yield Attack(url, log, events, visits[0].report, visits[1].report, unguarded)


def test_chromium_sends_every_attempt_to_a_server_without_a_guard(attack):
    received = attack.unguarded.received
    for host in ("127.0.0.1", REBOUND):
        assert {name for name, at, method in received if at == host and method == "GET"} >= (
            READS | SOCKET
        )
        written = {name for name, at, method in received if at == host and method == "POST"}
        # Across origins, Chromium asks before it sends JSON.
        expected = WRITES if host == REBOUND else WRITES - {"fetch of JSON"}
        assert written >= expected
    assert ("fetch of JSON", "127.0.0.1", "OPTIONS") in received


def test_no_page_runs_a_function(attack):
    assert attack.events == []


def test_no_page_reads_an_answer_or_opens_a_socket(attack):
    for report in (attack.foreign, attack.rebound):
        assert ANSWER not in json.dumps(report)
    own = [f"http://{name}:{port_of(attack.server)}" for name in ("127.0.0.1", "localhost")]
    foreign = attack.results(attack.foreign)
    for target in own:
        for name in ("fetch of text", "fetch of JSON", "fetch GET"):
            assert foreign[target, name].startswith("refused: TypeError"), foreign[target, name]
        assert foreign[target, "WebSocket"] == "error"
    rebound = attack.results(attack.rebound)
    for name in ("fetch of text", "fetch of JSON", "fetch GET", "XMLHttpRequest"):
        assert rebound["", name].startswith("403 "), rebound["", name]
    assert rebound["", "WebSocket"] == "error"


def test_a_program_runs_the_function_with_the_same_request(attack):
    request = urllib.request.Request(
        f"{attack.server}{INVOCATIONS}?attempt=control",
        json.dumps({"attempt": "control"}).encode(),
        {"Content-Type": "text/plain;charset=UTF-8"},
    )
    with urllib.request.urlopen(request) as response:
        assert json.load(response) == ANSWER
    assert json.loads(attack.log.read_text()) == {"attempt": "control"}
