"""The example files are taken by the programs they are for."""

import gzip
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from harness import wait_for

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "Deploy" / "examples"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def nginx(tmp_path):
    """The example as a whole configuration in tmp_path, its listeners and the page's port put elsewhere:
    (program, write(plain, tls, page))."""
    program = next(
        (p for p in (shutil.which("nginx"), ROOT / "build/tools/usr/sbin/nginx") if p and Path(p).exists()),
        None,
    )
    if program is None:
        pytest.skip("nginx is not there (bash Tools/deps.sh deploy)")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=evenkeel.example",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )

    def write(plain, tls, page="127.0.0.1:8000", more=""):
        site = (EXAMPLES / "nginx.conf").read_text()
        for name in (
            "/etc/letsencrypt/live/evenkeel.example/fullchain.pem",
            "/etc/nginx/evenkeel-clients.pem",
        ):
            assert name in site
            site = site.replace(name, str(tmp_path / "cert.pem"))
        site = site.replace(
            "/etc/letsencrypt/live/evenkeel.example/privkey.pem", str(tmp_path / "key.pem")
        ).replace("127.0.0.1:8000", page)
        # -t binds what it is told to listen on
        site = site.replace("listen [::]:80;", "").replace("listen [::]:443 ssl http2;", "")
        site = site.replace("listen 80;", "listen %s;" % plain).replace(
            "listen 443 ssl", "listen %s ssl" % tls
        )
        (tmp_path / "nginx.conf").write_text(
            "pid %s/pid;\nerror_log stderr;\n%sevents {}\nhttp {\naccess_log off;\n%s\n%s}\n"
            % (
                tmp_path,
                more,
                "".join(
                    "%s_temp_path %s/t;\n" % (x, tmp_path)
                    for x in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
                ),
                site,
            )
        )

    return str(program), write


def test_nginx_takes_the_proxy(nginx, tmp_path):
    program, write = nginx
    write("unix:%s/plain" % tmp_path, "unix:%s/tls" % tmp_path)
    p = subprocess.run(
        [program, "-t", "-p", str(tmp_path), "-c", "nginx.conf"], capture_output=True, text=True, timeout=30
    )
    assert p.returncode == 0 and "[warn]" not in p.stderr, p.stderr


def heard_over_websocket(raw, word):
    """What the page sends over a WebSocket until its first status, once it was told the word."""
    raw.sendall(
        b"GET /ws HTTP/1.1\r\nHost: evenkeel.example\r\nOrigin: https://evenkeel.example\r\n"
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += raw.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101 "), answer
    raw.sendall(bytes([0x81, 0x80 | len(word)]) + b"\0\0\0\0" + word)
    heard = b""
    while b'"STATUS"' not in heard:
        part = raw.recv(65536)
        assert part, heard
        heard += part
    raw.close()


def test_the_page_through_nginx(nginx, chain, agents, tmp_path):
    """A running agent's page over TLS, with a client's certificate and not without: the page, the API,
    a command, the WebSocket; no metrics."""
    program, write = nginx
    tls, page = free_port(), free_port()
    write(
        "127.0.0.1:%d" % free_port(),
        "127.0.0.1:%d" % tls,
        "127.0.0.1:%d" % page,
        "daemon off;\nmaster_process off;\n",
    )
    a = agents(chain, web__listen="127.0.0.1:%d" % page, web__names="evenkeel.example")
    token = a.home / "web-token"
    token.touch(mode=0o600)
    token.write_text("correct-horse-battery-staple\n")
    a.set(web__token_file=token)
    running = a.start()
    proxy = subprocess.Popen([program, "-p", str(tmp_path), "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
    bearer = {"Authorization": "Bearer correct-horse-battery-staple"}

    def context(certificate=True):
        c = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        c.check_hostname = False  # the test's certificate has a name, and no alternative one
        if certificate:
            c.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        return c

    def get(path, method="GET", certificate=True, **headers):
        c = http.client.HTTPSConnection("127.0.0.1", tls, timeout=10, context=context(certificate))
        c.request(method, path, headers={"Host": "evenkeel.example", **headers})
        r = c.getresponse()
        return r.status, r.read()

    def ready():
        try:
            return get("/healthz")[0] == 200
        except OSError:
            return False

    try:
        running.until("balanced", "executed_live")
        wait_for(ready, 20, "the page behind nginx")
        assert get("/healthz", certificate=False)[0] == 400
        status, body = get("/", **{"Accept-Encoding": "gzip"})
        assert status == 200 and b"<title>Evenkeel</title>" in gzip.decompress(body)
        assert get("/api/status")[0] == 401 and get("/api/status", **bearer)[0] == 200
        assert get("/metrics", **bearer)[0] == 404
        time.sleep(0.3)
        assert get("/api/pause", "POST", **bearer)[0] == 200
        assert get("/api/status", Origin="https://elsewhere.example", **bearer)[0] == 403
        raw = context().wrap_socket(socket.create_connection(("127.0.0.1", tls), timeout=10))
        heard_over_websocket(raw, b"token correct-horse-battery-staple")
    finally:
        proxy.terminate()
        proxy.wait(10)
        running.stop()


def test_logrotate_rotates_under_a_running_writer(tmp_path):
    logrotate = shutil.which("logrotate")
    if not logrotate:
        pytest.skip("logrotate is not installed (bash Tools/deps.sh deploy)")
    log = tmp_path / "evenkeel.log"
    log.write_text('time=1 level=info msg="one"\n' * 10)
    text = (
        (EXAMPLES / "logrotate")
        .read_text()
        .replace("/var/log/evenkeel/*.log", str(log))
        .replace("    su evenkeel evenkeel\n", "")
    )
    (tmp_path / "conf").write_text(text)
    (tmp_path / "conf").chmod(0o644)
    with open(log, "a") as writer:
        p = subprocess.run(
            [logrotate, "--force", "--state", str(tmp_path / "state"), str(tmp_path / "conf")],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert p.returncode == 0, p.stderr
        writer.write('time=2 level=info msg="two"\n')
    assert log.read_text() == 'time=2 level=info msg="two"\n'
    assert (tmp_path / "evenkeel.log.1").read_text().count("one") == 10


def test_runit_runs_it(program, chain, agents, tmp_path):
    """runsv with the example's run and finish: killed it is started again, `exit` stops it cleanly."""
    runsv, chpst = (
        next((p for p in (shutil.which(n), ROOT / "build/tools/usr/bin" / n) if p and Path(p).exists()), None)
        for n in ("runsv", "chpst")
    )
    if runsv is None or chpst is None:
        pytest.skip("runit is not there (bash Tools/deps.sh deploy)")
    a = agents(chain)
    service = tmp_path / "evenkeel"
    service.mkdir()
    run = (EXAMPLES / "runit-run").read_text()
    for old, new in (
        ("/usr/bin/evenkeel run", "%s run 2>%s" % (program, tmp_path / "log")),
        ("/etc/evenkeel/evenkeel.conf", str(a.config)),
        ("chpst -u evenkeel:evenkeel", "%s" % chpst),
        ("mkdir -p -m 0750 /run/evenkeel && chown evenkeel:evenkeel /run/evenkeel\n", "\n"),
    ):
        assert old in run, old
        run = run.replace(old, new)
    (service / "run").write_text(run)
    (service / "finish").write_text((EXAMPLES / "runit-finish").read_text().replace("sleep 5", "sleep 1"))
    for f in ("run", "finish"):
        (service / f).chmod(0o755)
    log = tmp_path / "log"
    supervisor = subprocess.Popen([str(runsv), str(service)])
    try:

        def pid():
            try:
                return int((service / "supervise/pid").read_text())
            except (OSError, ValueError):
                return None

        def up():
            return (
                pid()
                and a.said("status", "--json").code == 0
                and '"STATUS"' in a.said("status", "--json").out
            )

        wait_for(up, 20, "it runs")
        first = pid()
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: up() and pid() != first, 20, "it runs again")
        with open(service / "supervise/control", "w") as control:
            control.write("x")
        assert supervisor.wait(20) == 0 and "stopping on signal 15" in log.read_text()
    finally:
        if supervisor.poll() is None:
            if pid():
                os.kill(pid(), signal.SIGKILL)
            supervisor.kill()
            supervisor.wait()


@pytest.fixture
def s6(chain, agents, program, tmp_path):
    """The example's run and finish as a service of s6-supervise."""
    tools = ROOT / "build/tools"
    env = dict(os.environ)
    if shutil.which("s6-supervise") is None:
        if not (tools / "usr/bin/s6-supervise").exists():
            pytest.skip("s6 is not there (bash Tools/deps.sh deploy)")
        libraries = [str(p.parent) for p in tools.glob("usr/lib/*/libs6.so*")] + [
            str(p.parent) for p in tools.glob("lib/*/lib*.so*")
        ]
        env.update(
            PATH="%s:%s" % (tools / "usr/bin", env["PATH"]), LD_LIBRARY_PATH=":".join(sorted(set(libraries)))
        )
    a, service, log = agents(chain), tmp_path / "evenkeel", tmp_path / "log"
    service.mkdir()
    run = (EXAMPLES / "s6-run").read_text()
    for old, new in (
        ("/usr/bin/evenkeel run", "%s run 2>>%s" % (program, log)),
        ("/etc/evenkeel/evenkeel.conf", str(a.config)),
        ("exec s6-setuidgid evenkeel", "exec"),
        ("mkdir -p -m 0750 /run/evenkeel && chown evenkeel:evenkeel /run/evenkeel\n", "\n"),
    ):
        assert old in run, old
        run = run.replace(old, new)
    (service / "run").write_text(run)
    (service / "finish").write_text((EXAMPLES / "s6-finish").read_text().replace("sleep 4", "sleep 1"))
    for f in ("run", "finish"):
        (service / f).chmod(0o755)
    supervisor = []

    class S6:
        agent = a

        def log(self):
            return log.read_text() if log.exists() else ""

        def start(self):
            supervisor.append(
                subprocess.Popen([shutil.which("s6-supervise", path=env["PATH"]), str(service)], env=env)
            )
            return supervisor[0]

        def said(self, *words):
            return subprocess.run(
                [shutil.which(words[0], path=env["PATH"]), *words[1:], str(service)],
                env=env,
                capture_output=True,
                text=True,
                timeout=20,
            )

        def pid(self):
            p = self.said("s6-svstat", "-o", "pid").stdout.strip()
            return int(p) if p.lstrip("-").isdigit() and int(p) > 0 else None

        def up(self):
            return (
                self.pid()
                and a.said("status", "--json").code == 0
                and '"STATUS"' in a.said("status", "--json").out
            )

    yield S6()
    for p in supervisor:
        if p.poll() is None:
            pid = S6().pid()
            if pid:
                os.kill(pid, signal.SIGKILL)
            p.kill()
            p.wait()


def test_s6_runs_it(s6):
    """s6-supervise with the example's run and finish: killed it is started again, a stop is clean."""
    supervisor = s6.start()
    wait_for(s6.up, 20, "it runs")
    first = s6.pid()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: s6.up() and s6.pid() != first, 20, "it runs again")
    assert s6.said("s6-svc", "-xd").returncode == 0
    assert supervisor.wait(20) == 0 and "stopping on signal 15" in s6.log()


def test_s6_leaves_a_refused_key_down(s6):
    s6.agent.key.chmod(0o644)
    s6.start()
    wait_for(lambda: "chmod 600" in s6.log(), 20, "refused")
    wait_for(
        lambda: s6.said("s6-svstat", "-o", "up,wantedup").stdout.split() == ["false", "false"],
        20,
        "left down",
    )
    s6.agent.key.chmod(0o600)
    assert s6.said("s6-svc", "-u").returncode == 0
    wait_for(s6.up, 20, "it runs when it is mended")


def test_shell_scripts_parse():
    for f in [*EXAMPLES.glob("runit-*"), *EXAMPLES.glob("s6-*"), *(ROOT / "Deploy/deb").glob("p*")]:
        p = subprocess.run(["sh", "-n", str(f)], capture_output=True, text=True)
        assert p.returncode == 0, (f, p.stderr)
