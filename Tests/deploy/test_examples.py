"""The example files are taken by the programs they are for."""
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness import wait_for

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "Deploy" / "examples"


def test_nginx_takes_the_proxy(tmp_path):
    nginx = next((p for p in (shutil.which("nginx"), ROOT / "build/tools/usr/sbin/nginx") if p and Path(p).exists()), None)
    if nginx is None:
        pytest.skip("nginx is not there (bash Deploy/deps.sh deploy)")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=evenkeel.example", "-keyout",
                    "key.pem", "-out", "cert.pem"], check=True, capture_output=True, cwd=tmp_path)
    site = (EXAMPLES / "nginx.conf").read_text()
    for name in ("/etc/letsencrypt/live/evenkeel.example/fullchain.pem", "/etc/nginx/evenkeel-clients.pem"):
        assert name in site
        site = site.replace(name, str(tmp_path / "cert.pem"))
    site = site.replace("/etc/letsencrypt/live/evenkeel.example/privkey.pem", str(tmp_path / "key.pem"))
    # -t binds what it is told to listen on
    site = site.replace("listen [::]:80;", "").replace("listen [::]:443 ssl http2;", "")
    site = site.replace("listen 80;", "listen unix:%s/plain;" % tmp_path).replace("listen 443 ssl", "listen unix:%s/tls ssl" % tmp_path)
    (tmp_path / "nginx.conf").write_text("pid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s\n%s}\n" % (
        tmp_path, "".join("%s_temp_path %s/t;\n" % (x, tmp_path) for x in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")), site))
    p = subprocess.run([str(nginx), "-t", "-p", str(tmp_path), "-c", "nginx.conf"], capture_output=True, text=True, timeout=30)
    assert p.returncode == 0 and "[warn]" not in p.stderr, p.stderr


def test_logrotate_rotates_under_a_running_writer(tmp_path):
    logrotate = shutil.which("logrotate")
    if not logrotate:
        pytest.skip("logrotate is not installed (bash Deploy/deps.sh deploy)")
    log = tmp_path / "evenkeel.log"
    log.write_text("time=1 level=info msg=\"one\"\n" * 10)
    text = (EXAMPLES / "logrotate").read_text().replace("/var/log/evenkeel/*.log", str(log)).replace("    su evenkeel evenkeel\n", "")
    (tmp_path / "conf").write_text(text)
    (tmp_path / "conf").chmod(0o644)
    with open(log, "a") as writer:
        p = subprocess.run([logrotate, "--force", "--state", str(tmp_path / "state"), str(tmp_path / "conf")], capture_output=True, text=True, timeout=30)
        assert p.returncode == 0, p.stderr
        writer.write("time=2 level=info msg=\"two\"\n")
    assert log.read_text() == "time=2 level=info msg=\"two\"\n"
    assert (tmp_path / "evenkeel.log.1").read_text().count("one") == 10


def test_runit_runs_it(program, chain, agents, tmp_path):
    """runsv with the example's run and finish: killed it is started again, `exit` stops it cleanly."""
    runsv, chpst = (next((p for p in (shutil.which(n), ROOT / "build/tools/usr/bin" / n) if p and Path(p).exists()), None) for n in ("runsv", "chpst"))
    if runsv is None or chpst is None:
        pytest.skip("runit is not there (bash Deploy/deps.sh deploy)")
    a = agents(chain)
    service = tmp_path / "evenkeel"
    service.mkdir()
    run = (EXAMPLES / "runit-run").read_text()
    for old, new in (("/usr/bin/evenkeel run", "%s run 2>%s" % (program, tmp_path / "log")), ("/etc/evenkeel/evenkeel.conf", str(a.config)), ("chpst -u evenkeel:evenkeel", "%s" % chpst),
                     ("mkdir -p -m 0750 /run/evenkeel && chown evenkeel:evenkeel /run/evenkeel\n", "\n")):
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
            return pid() and a.said("status", "--json").code == 0 and '"STATUS"' in a.said("status", "--json").out
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


def test_shell_scripts_parse():
    for f in [EXAMPLES / "runit-run", EXAMPLES / "runit-finish", EXAMPLES / "runit-log-run", *(ROOT / "Deploy/deb").glob("p*")]:
        p = subprocess.run(["sh", "-n", str(f)], capture_output=True, text=True)
        assert p.returncode == 0, (f, p.stderr)
