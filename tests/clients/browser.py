"""A page in a real browser, without a network: `browser.py PAGE FOLDER`. Speaks WebDriver to chromedriver with the standard library.

Prints what it saw as JSON, and leaves pictures in FOLDER: light, dark and without colour.
"""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

page, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])

QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1100,1400",
    # Whoever asks for a host gets none.
    "--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND",
]

CONTRAST = """
const channel = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const numbers = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
const behind = element => {
  for (let at = element; at; at = at.parentElement) {
    const colour = numbers(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
let worst = [99, ""];
for (const element of document.querySelectorAll("body *")) {
  const text = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join("");
  if (!text || !element.checkVisibility()) continue;
  const [a, b] = [luminance(numbers(getComputedStyle(element).color)), luminance(behind(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < worst[0]) worst = [ratio, text.slice(0, 40)];
}
return worst;
"""

FOCUS = """
const at = document.activeElement;
const shown = at.tagName === "INPUT" ? at.labels[0] : at;
const style = getComputedStyle(shown);
return [at.tagName, at.id || shown.textContent.trim().slice(0, 40), style.outlineStyle !== "none" && style.outlineWidth !== "0px"];
"""


class Browser:
    def __init__(self, driver):
        line = next(line for line in driver.stdout if "started successfully on port" in line)
        self.base = f"http://127.0.0.1:{line.split()[-1].rstrip('.')}/session"
        arguments = [*QUIET, f"--user-data-dir={tempfile.mkdtemp(dir=folder)}"]
        capabilities = {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}}
        self.base += "/" + self.post("", {"capabilities": capabilities})["sessionId"]

    def post(self, path, body):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(opener.open(request, timeout=60))["value"]

    def script(self, text, *arguments):
        return self.post("/execute/sync", {"script": text, "args": list(arguments)})

    def keys(self, *keys):
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.post("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})
        return self.script(FOCUS)

    def media(self, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", {"features": features})

    def cdp(self, command, parameters):
        return self.post("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def picture(self, name):
        shot = self.cdp("Page.captureScreenshot", {"captureBeyondViewport": True})
        (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


TAB, RIGHT, ENTER = "\ue004", "\ue014", "\ue007"

driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
try:
    browser = Browser(driver)
    browser.post("/url", {"url": page.as_uri()})
    seen = {
        "title": browser.script("return document.title"),
        "fetched": browser.script("return performance.getEntriesByType('resource').map(entry => entry.name)"),
        "complaints": [entry["message"] for entry in browser.post("/se/log", {"type": "browser"})],
    }
    shown = "return [...document.querySelectorAll('section')].filter(part => part.checkVisibility()).map(part => part.ariaLabel)"
    seen["first"] = browser.script(shown)
    seen["tab"] = browser.keys(TAB)
    seen["right"] = browser.keys(RIGHT)
    seen["second"] = browser.script(shown)
    seen["summary"] = browser.keys(TAB)
    opened = "return document.activeElement.parentElement.open"
    seen["opens"] = [browser.script(opened), browser.keys(ENTER) and browser.script(opened)]
    # In every step, words say what the colour of its mark says.
    seen["owners"] = browser.script("return [...document.querySelectorAll('li[class*=site-]')].every(step => step.querySelector('.owner').textContent)")
    seen["wide"] = browser.script("return document.documentElement.scrollWidth <= innerWidth")
    for scheme in ("light", "dark"):
        browser.media(scheme)
        seen[scheme] = browser.script(CONTRAST)
        browser.picture(scheme)
    browser.cdp("Emulation.setEmulatedVisionDeficiency", {"type": "achromatopsia"})
    browser.picture("grey")
    browser.cdp("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True})
    seen["narrow"] = browser.script("return document.documentElement.scrollWidth <= 390")
    browser.picture("narrow")
    print(json.dumps(seen))
    request = urllib.request.Request(browser.base, method="DELETE")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60)
finally:
    driver.terminate()
    driver.wait()
