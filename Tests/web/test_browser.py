"""The page in a real browser, over the program's own demo.
The pictures of the README are made here (EK_PICTURES=1)."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request

import pytest

import browser
from conftest import BINARY, ROOT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(browser.path() is None, reason="no chromium")]


class Demo:
    def __init__(self, *words):
        self.process = subprocess.Popen(
            [str(BINARY), "demo", "--listen", "127.0.0.1:0", "--for", "30d", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        for line in self.process.stdout:
            m = re.search(r"page\s+(http://127\.0\.0\.1:(\d+)/)#token=(\w+)", line)
            if m:
                break
        else:
            raise AssertionError("the demo told no address")
        self.url, self.port, self.token = m.group(1), int(m.group(2)), m.group(3)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as r:
            return json.load(r)["data"]

    def post(self, path):
        r = urllib.request.Request(
            self.url + "api/" + path, method="POST", headers={"Authorization": "Bearer " + self.token}
        )
        with urllib.request.urlopen(r, timeout=10) as f:
            return json.load(f)["data"]

    def role(self):
        """The serving process: the child of the demo's child that says it is the role."""
        parents = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    words = f.read().split(b"\0")
                with open("/proc/%s/stat" % pid) as f:
                    if len(words) > 1 and words[1] == b"web-role":
                        parents[int(pid)] = int(f.read().rsplit(")", 1)[1].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
        return next((pid for pid, parent in parents.items() if parents.get(parent) == self.process.pid), None)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def chrome():
    b = browser.Browser()
    yield b
    b.close()


@pytest.fixture(scope="module")
def demo():
    d = Demo("--speed", "300", "--seed", "7")
    yield d
    d.close()


def shown(text):
    """What the page says as a number."""
    return float(re.sub(r"[^\d.+-]", "", text.replace("−", "-")))


def test_the_numbers_are_those_of_the_api(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    page.until("document.getElementById('fresh').className === '' && S && S.settings && true")
    # One moment of the page against the status it was given, and that one is what the API gives.
    for _ in range(20):
        seen = page.js("""(() => { const text = id => document.getElementById(id).textContent;
            return {status: S, drift: text('drift'), spot: text('spot'), perp: text('perp'), net: text('net'),
                    price: text('price'), health: text('health'), lev: text('lev'), mode: text('mode'),
                    gates: text('gatesum'), slot: text('slot')} })()""")
        api = demo.get("api/status")
        if api["tick"] == seen["status"]["tick"] and api["phase"] == seen["status"]["phase"]:
            break
    assert {k: v for k, v in api.items() if k != "rpc"} == {
        k: v for k, v in seen["status"].items() if k != "rpc"
    }
    now = api["after"] or api
    assert shown(seen["drift"]) == pytest.approx(now["drift_pct"], abs=0.00501)
    assert shown(seen["spot"]) == pytest.approx(int(now["spot_base_e9"]) / 1e9, abs=0.000051)
    assert shown(seen["perp"]) == pytest.approx(int(now["perp_base_e9"]) / 1e9, abs=0.000051)
    assert shown(seen["net"]) == pytest.approx(now["net_delta"], abs=0.000051)
    assert shown(seen["price"]) == pytest.approx(int(api["oracle_price_e6"]) / 1e6, abs=0.0051)
    assert shown(seen["health"]) == pytest.approx(api["health_pct"], abs=0.051) and shown(
        seen["lev"]
    ) == pytest.approx(api["leverage"], abs=0.0051)
    assert seen["mode"] == api["mode"].upper() and seen["gates"] == "all %d open" % len(api["gates"])
    assert int(re.sub(r"\D", "", seen["slot"])) == api["slot"]
    assert page.errors == [] and page.violations == []
    page.close()


INK = """(() => { const c = document.getElementById('%s'), s = new Set();
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 200) s.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);
  return s.size })()"""


def test_the_parts_of_the_result_are_told(chrome, demo):
    """The line under the charts and the chart itself name what a trade slipped."""
    page = chrome.page()
    page.go(demo.url)
    page.until("S && S.pnl && S.pnl.total.slippage < 0", 60)
    page.until("/Since the start .*slippage −\\$[0-9.]+/.test(document.getElementById('made').textContent)")
    assert "flows" not in page.text("made")
    page.until(
        "H && H.columns.includes('slippage') && H.rows.some(r => r[H.columns.indexOf('slippage')] < 0)", 60
    )
    assert "slippage" in page.js("document.getElementById('chart-pnl').closest('figure').textContent")


def test_charts_are_drawn_and_drift_moves(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    for chart in ("drift", "pos", "price"):
        page.until(INK % ("chart-" + chart) + " >= 3", 40)
        assert (
            page.js("document.getElementById('chart-%s').getAttribute('aria-label')" % chart).find("between")
            > 0
        )
    before = page.js("S.tick")
    page.until("S.tick > %d + 5" % before)
    drifts = set()
    end = time.monotonic() + 60
    while len(drifts) < 2 and time.monotonic() < end:
        drifts.add(page.text("drift"))
        time.sleep(0.2)
    assert len(drifts) >= 2
    # Hovering and the arrow keys read single values.
    page.js("document.getElementById('chart-price').focus()")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowLeft", code="ArrowLeft")
    page.until(
        "[...document.querySelectorAll('.tip')].some(t => t.style.display === 'block' && "
        "/oracle price [0-9.,]+ \\$/.test(t.textContent))"
    )
    assert page.errors == []
    page.close()


def test_a_correction_appears(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    page.until("document.querySelectorAll('#cors tr').length > 0", 90)
    row = page.js("document.querySelector('#cors tr').innerText")
    assert re.search(r"(sold|bought) [\d.]+", row) and "ago" in row
    assert (
        page.js("document.querySelectorAll('#cors a').length") == 0
    )  # the embedded chain's signatures lead nowhere
    page.close()


def test_controls_without_a_token(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    page.until("B && S && true")
    assert page.js("!document.getElementById('lock').hidden && document.getElementById('buttons').hidden")
    page.js(
        "document.getElementById('token').value = 'nonsense-nonsense-nonsense'; "
        "document.querySelector('#lock button').click()"
    )
    page.until("document.getElementById('result').textContent.includes('not accepted')")
    page.until(
        "document.getElementById('fresh').className === ''", 30
    )  # and it is connected again, for looking
    assert page.js("document.getElementById('buttons').hidden")
    page.close()


def press(page, name):
    time.sleep(0.4)  # a person's pace: one command in 250 ms is taken
    page.until(
        "document.getElementById('do-%s') && !document.getElementById('do-%s').disabled" % (name, name)
    )
    page.js("document.getElementById('do-%s').click()" % name)
    page.until("document.getElementById('ask').open")


def test_controls_with_the_token(chrome, demo):
    page = chrome.page()
    page.go(demo.url + "#token=" + demo.token)
    page.until("!document.getElementById('buttons').hidden")
    assert page.js("location.hash") == "" and demo.token not in page.js("document.documentElement.outerHTML")
    press(page, "stop")
    page.js("document.getElementById('askno').click()")  # asked back: no
    time.sleep(0.5)
    assert demo.get("api/status")["totals"]["paused"] is False
    press(page, "stop")
    page.js("document.getElementById('askyes').click()")
    page.until("document.getElementById('result').textContent.startsWith('Paused')")
    page.until("S.totals.paused && document.getElementById('ctlnote').textContent === 'Stopped.'")
    assert demo.get("api/status")["totals"]["paused"] is True
    press(page, "start")
    page.js("document.getElementById('askyes').click()")
    page.until("!S.totals.paused && document.getElementById('do-stop') !== null")
    press(page, "rebalance")
    page.js("document.getElementById('askyes').click()")
    page.until("/[Cc]heck|order/.test(document.getElementById('result').textContent)")
    assert page.errors == [] and page.violations == []
    page.close()


def test_paper_and_live(chrome, demo):
    """The demo's config says live: the page offers paper, and from paper live, each asked back."""
    page = chrome.page()
    page.go(demo.url + "#token=" + demo.token)
    page.until("S && S.mode === 'live' && !document.getElementById('buttons').hidden")
    assert page.js("document.getElementById('do-live') === null")
    press(page, "paper")
    page.js("document.getElementById('askyes').click()")
    page.until(
        "/On paper from now on|followed to its end first/.test(document.getElementById('result').textContent)"
    )
    page.until(
        "S.mode === 'paper' && document.getElementById('do-live') !== null && "
        "document.getElementById('mode').textContent === 'PAPER'",
        60,
    )
    assert page.text("ctlnote") == "Running on paper." and demo.get("api/status")["mode"] == "paper"
    press(page, "live")
    assert "real orders" in page.text("askh").lower()
    page.js("document.getElementById('askno').click()")
    time.sleep(0.5)
    assert demo.get("api/status")["mode"] == "paper"
    press(page, "live")
    page.js("document.getElementById('askyes').click()")
    page.until("document.getElementById('result').textContent.startsWith('Live from now on')")
    page.until(
        "S.mode === 'live' && document.getElementById('do-paper') !== null && "
        "document.getElementById('mode').textContent === 'LIVE'",
        60,
    )
    assert page.errors == [] and page.violations == []
    page.close()


def test_what_was_not_filled_is_not_said_to_be_sold(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    page.until("S && true")
    said = page.js("""[['filled', .15], ['partial_gone', .1], ['expired', 0], ['failed', 0],
      ['unfilled_gone', 0], ['not_placed', 0], ['paper', 2]].map(([outcome, size]) =>
      done({action: 'EXPAND_SHORT', market: 'SOL-PERP', outcome, size}))""")
    assert said == [
        "sold 0.150 SOL",
        "sold 0.100 SOL, a part",
        "tried to sell SOL: it never landed",
        "tried to sell SOL: the venue refused it",
        "tried to sell SOL: nothing filled",
        "tried to sell SOL: it was not placed",
        "sold 2.000 SOL",
    ]
    page.close()


STRESSED = """(() => {
  const at = (price, move) => ({ price_e6: String(price * 1e6), move_pct: move });
  const nowhere = { up: null, down: null };
  const gap = (rise, health, free) => ({ rise_pct: rise, health_pct: health, free_e6: String(free * 1e6),
    equity_e6: '0', perp_need_e6: '0', liquidated: free < 0 });
  take({ ...S, stress: { slot: 1, price_e6: '150000000', warning_pct: 50,
    health50: { up: at(150, 0), down: at(150, 0) }, health20: { up: at(165.5, 10.3333), down: at(120, -20) },
    liquidation: nowhere, gaps: [gap(10, 42.19, 267.5), gap(20, 1, 9), gap(50, 0, -3)],
    collateral_e6: %s, reduction_base_e9: %s } });
  const words = (li) => li.innerText.replace(/\\n/g, ' ');
  const rows = (id) => [...document.getElementById(id).children].map(words);
  const restore = document.getElementById('restore').textContent;
  return { reach: rows('reach'), gaps: rows('gaps'), restore } })()"""


def test_stress_is_told_with_what_restores(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    page.until("document.getElementById('reach').children.length === 3")
    seen = page.js("({ s: S.stress, first: document.getElementById('reach').children[0].innerText })")
    assert shown(seen["first"].split("$")[1].split("(")[0]) == pytest.approx(
        int(seen["s"]["health50"]["up"]["price_e6"]) / 1e6, abs=0.0051
    )
    assert page.js("document.getElementById('restore').textContent") == ""
    told = page.js(STRESSED % ("'12340001'", "'1200000000'"))
    assert told["reach"] == [
        "✕ Health 50 % now",
        "✓ Health 20 % $120.00 (−20.0 %) or $165.50 (+10.3 %)",
        "✓ Liquidation at no price",
    ]
    assert told["gaps"] == [
        "✓ Price +10 % health 42.2 %, $268 left",
        "✓ Price +20 % health 1.0 %, $9 left",
        "✕ Price +50 % liquidated",
    ]
    told = told["restore"]
    assert told == "Back to a health of 50 %: a deposit of $12.35, or closing 1.2 SOL-PERP."
    told = page.js(STRESSED % ("'12340001'", "null"))["restore"]
    assert told == "Back to a health of 50 %: a deposit of $12.35; not by closing alone."
    told = page.js(STRESSED % ("null", "null"))["restore"]
    assert told == "Back to a health of 50 %: neither a deposit nor closing will do."
    assert page.errors == []
    page.close()


def test_a_command_from_elsewhere_is_heard(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    page.until("B && S && true")
    demo.post("pause")
    page.until("document.getElementById('result').textContent.startsWith('Paused')")
    time.sleep(0.3)
    demo.post("resume")
    page.close()


def test_it_reconnects_after_the_role_was_killed_and_says_so_meanwhile(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    page.until("document.getElementById('fresh').className === '' && S && true")
    ticks = demo.get("api/status")["tick"]
    os.kill(demo.role(), signal.SIGKILL)
    page.until(
        "document.getElementById('fresh').className === 'bad' && document.body.classList.contains('stale')", 5
    )
    assert "connection lost" in page.text("age") and "ago" in page.text("age")
    assert "old numbers" in page.text("alarm")
    page.until(
        "document.getElementById('fresh').className === '' && "
        "document.getElementById('alarm').textContent === ''",
        40,
    )
    assert demo.get("api/status")["tick"] > ticks  # the agent went on
    page.close()


def test_a_stopped_role_is_not_taken_for_fresh(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    page.until("document.getElementById('fresh').className === '' && S && true")
    role = demo.role()
    os.kill(role, signal.SIGSTOP)
    try:
        page.until("document.getElementById('fresh').className === 'bad'", 20)
    finally:
        os.kill(role, signal.SIGCONT)
    page.until("document.getElementById('fresh').className === ''", 40)
    page.close()


def test_csv(chrome, demo):
    page = chrome.page()
    page.go(demo.url)
    page.until("S && true")
    page.js(
        "window.took = null; URL.createObjectURL = b => { b.text().then(t => { window.took = t }); "
        "return 'blob:x' }; document.getElementById('csv').click()"
    )
    text = page.until("window.took")
    assert text.splitlines()[0].startswith("time,market,mode,status,slot,price,spot,perp,drift_pct")
    page.close()


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_and_names(chrome, demo, dark):
    """Words against their ground at least 4.5 : 1; every control has a name;
    nothing can only be seen by colour or used by mouse."""
    page = chrome.page(dark=dark)
    page.go(demo.url + "#token=" + demo.token)
    page.until(
        "!document.getElementById('buttons').hidden && document.getElementById('fresh').className === ''"
    )
    bad = page.js("""(() => {
      const linear = x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4;
      const lum = c => { const v = c.map(x => linear(x / 255));
        return .2126 * v[0] + .7152 * v[1] + .0722 * v[2] };
      const rgb = s => s.match(/[\\d.]+/g).map(Number);
      const ground = e => {
        for (; e; e = e.parentElement) {
          const c = rgb(getComputedStyle(e).backgroundColor);
          if (c.length < 4 || c[3] > 0) return c
        }
        return [255, 255, 255] };
      const out = [];
      for (const e of document.querySelectorAll('body *')) {
        if (!e.offsetParent) continue;
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
        const a = lum(rgb(getComputedStyle(e).color)), b = lum(ground(e));
        const r = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (r >= 4.5) continue;
        out.push(e.id + ' ' + e.className + ' ' + e.textContent.slice(0, 30) + ' ' + r.toFixed(2));
      } return out })()""")
    assert bad == []
    assert (
        page.js(
            "[...document.querySelectorAll('button,input,canvas,a')].filter(e => !(e.textContent || "
            "e.getAttribute('aria-label') || (e.labels && e.labels.length))).length"
        )
        == 0
    )
    assert (
        page.js("document.documentElement.lang") == "en"
        and page.js("document.querySelectorAll('main,h1,h2').length") >= 6
    )
    page.close()


@pytest.mark.parametrize("width", [320, 360, 390, 768, 1280])
def test_nothing_runs_over_the_edge(chrome, demo, width):
    page = chrome.page(width, 800, mobile=width < 700)
    page.go(demo.url + "#token=" + demo.token)
    page.until("S && !document.getElementById('buttons').hidden")
    assert page.js("document.documentElement.scrollWidth") <= width
    page.close()


def test_pictures(chrome, tmp_path):
    """Kept as the README's pictures when asked for; else only made."""
    place = ROOT / "docs" if os.environ.get("EK_PICTURES") else tmp_path
    demo = Demo("--speed", "600", "--seed", "7")
    try:
        desktop, phone = chrome.page(1180, 900), chrome.page(390, 844, 2, mobile=True, dark=True)
        for page in (desktop, phone):
            page.go(demo.url + "#token=" + demo.token)
        desktop.until(
            "document.querySelectorAll('#cors tr').length >= 3 && S.status === 'balanced' && "
            "points().out.length > 40",
            150,
        )
        for page, name in ((desktop, "web-desktop.png"), (phone, "web-phone.png")):
            page.until("document.getElementById('fresh').className === '' && S.status === 'balanced'", 60)
            # At this speed the last history is an hour old; a load may be one that was under way before.
            page.js("void (window.before = H, window.asked = 0)")
            page.until(
                "H && H !== window.before && H.corrections !== undefined"
                " || (Date.now() - window.asked > 3000 && (window.asked = Date.now(), load()), false)",
                90,
            )
            time.sleep(0.3)
            page.picture(place / name)
            assert (place / name).stat().st_size > 30_000
            page.close()
    finally:
        demo.close()
