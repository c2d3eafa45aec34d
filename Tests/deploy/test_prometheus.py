"""Alert rules and dashboard: checked by promtool, fired one by one,
and run by a real Prometheus over a running agent's /metrics."""
import json
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from harness import wait_for

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "Deploy" / "examples"
TEST = ROOT / "Tests" / "deploy" / "evenkeel.rules.test.yml"


def tool(name):
    for path in (shutil.which(name), ROOT / "build/tools/usr/bin" / name):
        if path and Path(path).exists():
            return str(path)
    pytest.skip("%s is not there (bash Tools/deps.sh deploy)" % name)


def promtool(*words, cwd):
    return subprocess.run([tool("promtool"), *words], capture_output=True, text=True, timeout=120, cwd=cwd)


@pytest.fixture
def desk(tmp_path):
    for f in (EXAMPLES / "evenkeel.rules.yml", EXAMPLES / "prometheus.yml", TEST):
        shutil.copy(f, tmp_path)
    return tmp_path


def test_promtool_takes_the_files(desk):
    p = promtool("check", "config", "prometheus.yml", cwd=desk)
    assert p.returncode == 0 and "SUCCESS" in p.stdout, p.stdout + p.stderr


def test_every_alert_fires_and_a_healthy_agent_raises_none(desk):
    names = re.findall(r"- alert: (\w+)", (EXAMPLES / "evenkeel.rules.yml").read_text())
    tried = set(re.findall(r'alertname="(\w+)"', TEST.read_text()))
    assert len(names) > 10 and set(names) == tried
    p = promtool("test", "rules", TEST.name, cwd=desk)
    assert p.returncode == 0 and "SUCCESS" in p.stdout, p.stdout + p.stderr


def test_every_alert_is_explained():
    names = re.findall(r"- alert: (\w+)", (EXAMPLES / "evenkeel.rules.yml").read_text())
    told = re.findall(r"^\| `(Evenkeel\w+)` \|", (ROOT / "docs/operations.md").read_text(), re.M)
    assert sorted(names) == sorted(told)


def expressions():
    board = json.loads((EXAMPLES / "grafana.json").read_text())
    named = [t["expr"] for p in board["panels"] for t in p["targets"]]
    named += [a["expr"] for a in board["annotations"]["list"]]
    return [expression.replace("$instance", ".*") for expression in named]


def test_the_dashboard_is_whole():
    board = json.loads((EXAMPLES / "grafana.json").read_text())
    boxes = [p["gridPos"] for p in board["panels"]]
    assert len({p["id"] for p in board["panels"]}) == len(boxes) > 12
    assert all(b["x"] + b["w"] <= 24 for b in boxes)
    cells = [(x, y) for b in boxes for x in range(b["x"], b["x"] + b["w"])
             for y in range(b["y"], b["y"] + b["h"])]
    assert len(cells) == len(set(cells))        # no panel lies over another


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as r:
        return r.read().decode()


def test_a_real_prometheus_over_a_running_agent(desk, chain, agents):
    """Every figure that rules and dashboard name is served;
    every rule and expression is run by Prometheus itself."""
    program = tool("prometheus")
    chain.ctl("set_user", perp=-9)
    web, own = free_port(), free_port()
    a = agents(chain, web__listen="127.0.0.1:%d" % web, hedge__cooldown_seconds=0)
    running = a.start()
    running.until("executed_live")
    running.until("balanced")
    page = "http://127.0.0.1:%d/metrics" % web
    try:
        get(page)
    except OSError:
        pytest.skip("this build serves no /metrics")
    text = wait_for(lambda: (lambda t: t if "evenkeel_drift_ratio{" in t else None)(get(page)),
                    10, lambda: get(page))
    p = subprocess.run([tool("promtool"), "check", "metrics"], input=text, capture_output=True,
                       text=True, timeout=30)
    assert p.returncode == 0, p.stdout + p.stderr
    served = set(re.findall(r"^(evenkeel_\w+)", text, re.M))
    served |= set(re.findall(r"^# TYPE (evenkeel_\w+)", text, re.M))
    rules = re.sub(r"#.*", "", (EXAMPLES / "evenkeel.rules.yml").read_text())
    named = set(re.findall(r"evenkeel_\w+", " ".join(expressions()) + rules))
    assert named - served == {"evenkeel_rules"} & named

    config = (desk / "prometheus.yml").read_text()
    config = config.replace("127.0.0.1:8000", "127.0.0.1:%d" % web).replace("15s", "1s")
    (desk / "prometheus.yml").write_text("global: {evaluation_interval: 1s}\n" + config)
    process = subprocess.Popen([program, "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                                "--web.listen-address=127.0.0.1:%d" % own],
                               cwd=desk, stdout=subprocess.DEVNULL, stderr=open(desk / "log", "w"))
    try:
        def ask(path, **arguments):
            try:
                query = urllib.parse.urlencode(arguments)
                return json.loads(get("http://127.0.0.1:%d/api/v1/%s?%s" % (own, path, query)))["data"]
            except OSError:
                return None
        wait_for(lambda: (ask("query", query="evenkeel_ticks_total") or {}).get("result"), 40,
                 lambda: (desk / "log").read_text())
        assert ask("query", query='up{job="evenkeel"}')["result"][0]["value"][1] == "1"
        scrapes = "count_over_time(evenkeel_ticks_total[1m])"
        wait_for(lambda: float(ask("query", query=scrapes)["result"][0]["value"][1]) > 3, 30, "four scrapes")
        drift = ask("query", query="evenkeel_drift_ratio")["result"]
        assert drift[0]["metric"]["market"] == "SOL-PERP" and abs(float(drift[0]["value"][1])) < 0.01
        total = ask("query", query="sum(evenkeel_corrections_total)")["result"]
        assert float(total[0]["value"][1]) == 1.0
        empty = [e for e in expressions() if not ask("query", query=e)["result"]]
        assert len(empty) <= 3, empty           # what has not happened yet in so short a life
        rules = wait_for(lambda: (lambda r: r if r and all(x["health"] == "ok" for x in r) else None)(
            [x for g in ask("rules")["groups"] for x in g["rules"]]), 20,
                         lambda: json.dumps(ask("rules"))[:600])
        assert len(rules) > 10 and [x["name"] for x in rules if x["state"] == "firing"] == []
        running.kill()
        wait_for(lambda: ask("query", query='up{job="evenkeel"}')["result"][0]["value"][1] == "0", 20,
                 "the agent's end is seen")
        wait_for(lambda: any(x["labels"]["alertname"] == "EvenkeelDown" for x in ask("alerts")["alerts"]), 20,
                 "and the alert waits to fire")
    finally:
        process.terminate()
        process.wait(15)
