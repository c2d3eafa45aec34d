"""The page as it is committed in the program is the page that was written, and it needs nothing else."""
import gzip
import importlib.util
import re

from conftest import ROOT

PAGE = (ROOT / "Web" / "page.html").read_text(encoding="utf-8")
MADE = (ROOT / "CSources" / "EvenkeelSys" / "sys_web_page.c").read_text()


def test_the_program_carries_this_page():
    numbers = re.search(r"web_page_gz\[\] = \{(.*?)\};", MADE, re.S).group(1)
    packed = bytes(int(x) for x in numbers.replace("\n", "").strip(",").split(","))
    assert gzip.decompress(packed).decode() == PAGE, "run `make page`"
    assert "web_page_gz_len = %d;" % len(packed) in MADE


def test_its_policy_is_its_own():
    spec = importlib.util.spec_from_file_location("page", ROOT / "Tools" / "page.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    assert 'web_page_csp[] = "%s";' % page.policy(PAGE) in MADE


def test_small_and_self_contained():
    assert len(PAGE.encode()) < 100_000
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|https://explorer\.solana\.com)[^"']""", PAGE)
    assert not re.findall(r"@import|url\(|\bon\w+=\"|style=\"|innerHTML|eval\(|document\.write|insertAdjacentHTML", PAGE)
