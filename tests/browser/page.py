"""The dashboard as a test sees it."""

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 30  # seconds; the page asks every 3 s, a sanitized collector on a busy machine is slow

# Every visible text whose contrast with its ground is under AA (4.5, or 3 where it is large).
FAINT_TEXTS = """
const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
  .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const c = rgb(getComputedStyle(node).backgroundColor);
    if (c.length && (c.length < 4 || c[3] > 0.99)) return c;
  }
  return [255, 255, 255];
};
const faint = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !node.checkVisibility({visibilityProperty: true})) continue;
  if (node.closest('.visually-hidden, .skip, option, script, noscript')) continue;
  const style = getComputedStyle(node);
  const [a, b] = [light(rgb(style.color)), light(ground(node))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (ratio < (large ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} ${walker.currentNode.textContent.trim()}`);
}
return faint;
"""


class Page:
    """The dashboard, logged in."""

    def __init__(self, driver, collector, query="", token=None):
        self.driver = driver
        self.url = collector.url
        name, value = collector.session(token)
        driver.get(f"{collector.url}/login")  # a cookie can be set only for the page that is open
        driver.add_cookie({"name": name, "value": value, "httpOnly": True, "sameSite": "Strict"})
        driver.execute_script("localStorage.clear()")
        driver.get(f"{collector.url}/{query}")

    def wait(self, condition, what):
        return WebDriverWait(self.driver, PATIENCE, 0.1).until(lambda _: condition(), what)

    def wait_for_rows(self, count):
        self.wait(lambda: len(self.rows()) == count, f"{count} rows in the list")
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def rows(self):
        """Names of the servers that are listed, in their order."""
        return self.run("return [...document.querySelectorAll('#rows tr')].map((r) => r.dataset.server)")

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def row_text(self, name, column):
        return self.run("return [...document.querySelectorAll('#rows tr')].find((r) =>"
                        " r.dataset.server === arguments[0])?.querySelector(arguments[1])?.innerText ?? ''",
                        name, column)

    def count(self, verdict):
        return self.text(f".tile[data-verdict={verdict}] .number")

    def click(self, selector):
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def press(self, *keys):
        """Keys as a person types them, wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self):
        """The server whose row has the focus, or the id of what has it."""
        return self.run("const a = document.activeElement;"
                        "return a.closest('tr[data-server]')?.dataset.server ?? a.id")

    def open_server(self, name):
        self.click(f"tr[data-server={name}] .name")
        self.wait_for_server(name)

    def wait_for_server(self, name):
        self.wait(lambda: self.text("#server-name") == name and "HOST AND REPORT" in self.text("main").upper(),
                  f"the page of {name}")

    def main(self):
        return self.text("main")

    def fits(self):
        """Does nothing stick out to the right?"""
        return self.run("return document.documentElement.scrollWidth <= innerWidth")

    def faint_texts(self):
        return self.run(FAINT_TEXTS)

    def complaints(self):
        """What the browser's console says, without answers that the test itself broke."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if "ERR_CONNECTION_REFUSED" not in entry["message"]]


__all__ = ["Keys", "Page"]
