"""The page of a report, in a browser without a screen: what people see and do with it. One session for
all."""
import base64
import json
import re
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from plots import fixtures, report

webdriver = pytest.importorskip("selenium.webdriver", reason="needs python3-selenium")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not BROWSER or not DRIVER, reason="needs chromium and chromium-driver")
PHONE, DESK = (390, 844), (1280, 900)


@pytest.fixture(scope="module", name="folder")
def fixture_folder(tmp_path_factory):
    """A report of two runs and a comparison."""
    out = tmp_path_factory.mktemp("report")
    runs = [str(fixtures.path(name)) for name in ("twenty", "four")]
    comparison = out / "comparison.json"
    comparison.write_text(json.dumps(fixtures.comparison()), encoding="utf-8")
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(report, "KINDS", ("svg",))  # the page has no other
        assert report.main([*runs, str(comparison), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module", name="asked")
def fixture_asked():
    """What was asked of the server that has the page."""
    return []


@pytest.fixture(scope="module", name="browser")
def fixture_browser(folder, asked):
    class Handler(SimpleHTTPRequestHandler):
        """Remembers what it is asked for."""

        def log_message(self, format, *args):  # pylint: disable=redefined-builtin
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--hide-scrollbars",
                 "--disable-background-networking", f"--user-data-dir={folder}/.browser"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service(DRIVER), options=options)
    driver.page = f"http://127.0.0.1:{server.server_port}/report.html"
    look(driver, DESK)
    yield driver
    driver.quit()
    server.shutdown()


def look(browser, size, scheme="light", media=""):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500})
    if browser.current_url != browser.page:
        browser.get(browser.page)


def js(browser, line, *arguments):
    return browser.execute_script(line, *arguments)


def brightness(color):
    return sum(map(int, re.findall(r"\d+", color)[:3])) / 3


def test_nothing_is_asked_of_anybody_and_the_console_is_empty(browser, asked):
    urls = [message["params"]["request"]["url"] for message in (
        json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
        if message["method"] == "Network.requestWillBeSent"]
    assert [url for url in urls if url.startswith("http")] == [browser.page] and len(asked) == 1
    assert all(url == browser.page or url.startswith(("data:", "chrome:")) for url in urls)  # its first page
    assert browser.get_log("browser") == []


def test_the_verdict_comes_first_and_each_finding_has_a_remedy(browser):
    order = js(browser, """return [...document.querySelectorAll('#run-twenty h1, #run-twenty h2')]
                           .map(one => one.textContent)""")
    assert order == ["Which path is the fastest cannot be told.", "What to do", "Figures", "Cases",
                     "Environment",
                     "How to repeat it"]
    remedies = js(browser, """return [...document.querySelectorAll('.findings li.red')].map(one =>
                              [one.querySelector('.what').textContent,
                              one.querySelector('.remedy').textContent])""")
    assert {what.split(":")[0] for what, _ in remedies} >= {"invalid", "failed", "disturbed", "interrupted"}
    assert all(len(remedy) > 20 for _, remedy in remedies)


def test_each_figure_has_an_alternative_text_a_caption_and_its_numbers(browser):
    found = js(browser, """return [...document.querySelectorAll('figure')].map(one => [
        one.querySelector('svg[role=img]').getAttribute('aria-label'),
        one.querySelector('figcaption').textContent,
        one.querySelectorAll('details tbody tr').length,
        one.querySelector('svg').getBoundingClientRect().height])""")
    assert len(found) >= 10
    for alternative, brief, rows, height in found:
        assert brief in alternative and len(alternative) > len(brief) + 40 and rows and height > 60
    assert "<unaccounted>" in js(browser, "return document.body.textContent")
    assert js(browser, """const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
                          return ids.length - new Set(ids).size""") == 0


def column(browser, head):
    return js(browser, """return [...document.querySelectorAll('#run-twenty [data-table]')]
        .at(-1).querySelectorAll(
        `td[data-head="${arguments[0]}"]`).values().map(one => one.dataset.value ?? null).toArray()""", head)


def test_a_table_sorts_by_key_and_by_click_and_says_so(browser):
    heads = browser.find_elements("css selector", "#run-twenty [data-table]")[-1].find_elements("tag name",
                                                                                                "th")
    head = next(one for one in heads if one.text.startswith("Mpps"))
    button = head.find_element("tag name", "button")
    button.send_keys(Keys.ENTER)
    values = [float(one) for one in column(browser, "Mpps") if one]
    assert head.get_attribute("aria-sort") == "ascending" and values == sorted(values) and len(values) > 10
    js(browser, "arguments[0].click()", button)
    values = column(browser, "Mpps")
    shown = [float(one) for one in values if one]
    assert head.get_attribute("aria-sort") == "descending" and shown == sorted(shown, reverse=True)
    assert values[len(shown):] == [None] * (len(values) - len(shown))
    assert sum(one.get_attribute("aria-sort") != "none" for one in heads) == 1


def test_a_table_is_filtered_by_words(browser):
    table = browser.find_elements("css selector", "#run-twenty [data-table]")[-1]
    field = table.find_element("css selector", "[data-filter]")
    field.send_keys("dpdk failed")
    rows = [row for row in table.find_elements("css selector", "tbody tr") if row.is_displayed()]
    assert len(rows) == 1 and "hugepages" in rows[0].text
    assert table.find_element("css selector", "[data-count]").text == "1 of 21 rows"
    js(browser, "arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input'))", field)
    assert sum(row.is_displayed() for row in table.find_elements("css selector", "tbody tr")) == 21


def test_every_control_is_reached_by_key_and_shows_it(browser):
    browser.get(browser.page)
    webdriver.ActionChains(browser).send_keys(Keys.TAB).perform()
    assert js(browser, "return document.activeElement.className") == "skip"
    assert js(browser, "return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert js(browser, "return document.querySelectorAll('[tabindex]:not([tabindex=\"0\"])').length") == 0
    hidden = js(browser, """return [...document.querySelectorAll('th[aria-sort]')].filter(
        one => !one.querySelector('button')).length""")
    assert hidden == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_no_scroll_to_the_side(browser, scheme):
    look(browser, PHONE, scheme)
    js(browser, "for (const one of document.querySelectorAll('details')) one.open = true")
    wide = js(browser, """return [...document.querySelectorAll('body *')].filter(one => {
        const box = one.getBoundingClientRect();
        return box.right > innerWidth + 1 && !one.closest('.drawing') && !one.closest('.hidden, .skip'); })
        .map(one => one.outerHTML.slice(0, 80))""")
    assert wide == [] and js(browser, "return document.documentElement.scrollWidth") == PHONE[0]
    js(browser, "for (const one of document.querySelectorAll('details')) one.open = false")
    look(browser, DESK)


def test_dark_is_dark_and_its_figures_are_read(browser):
    colors = """const of = (where, what) => getComputedStyle(document.querySelector(where))[what];
                return [of('body', 'backgroundColor'), of('body', 'color'), of('figure', 'backgroundColor'),
                        of('figure svg text', 'fill')]"""
    look(browser, DESK, "light")
    paper, ink, card, letters = map(brightness, js(browser, colors))
    assert paper > 240 and card > 240 and ink < 60 and letters < 110
    look(browser, DESK, "dark")
    paper, ink, card, letters = map(brightness, js(browser, colors))
    assert paper < 60 and card < 60 and ink > 200 and letters > 150
    look(browser, DESK, "dark", media="print")
    paper, ink, card, letters = map(brightness, js(browser, colors))
    assert paper > 240 and card > 240 and ink < 60 and letters < 110
    look(browser, DESK)


def test_it_prints(browser):
    made = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})["data"])
    assert made.startswith(b"%PDF") and len(made) > 20_000


def test_without_javascript_it_says_the_same(folder):
    text = (folder / "report.html").read_text(encoding="utf-8")
    still = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert "no free 2048 kB hugepages" in still and "aria-sort" in still
    outside = re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|@import|url\((?!#)', still)
    assert outside == []
