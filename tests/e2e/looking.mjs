// Looks at pages in Chromium: what is wrong with one, and one JSON line for each check.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const PHONE = { width: 375, height: 812 };
export const open = (program) => chromium.launch({ executablePath: program, args: quiet });

export const overflow = (page) => page.evaluate(() => {
  const over = document.documentElement.scrollWidth - innerWidth;
  return over > 0 ? [`runs over by ${over} px`] : [];
});

export async function findings(page, context, least, whole = true) {
  const found = await page.evaluate((least) => {
    const told = [];
    if (document.querySelectorAll("h1").length !== 1) told.push("not one h1");
    for (const one of document.querySelectorAll("a, button, input:not([type=hidden]), textarea, summary")) {
      if (one.closest("[hidden]") || one.classList.contains("hy-skip") || one.classList.contains("hy-sr") || getComputedStyle(one).display === "inline") continue;
      const box = (["checkbox", "radio"].includes(one.type) ? one.closest("label") : one).getBoundingClientRect();
      if (box.width && box.height < least - 0.5) told.push(`small: ${one.tagName} ${one.textContent.trim().slice(0, 12)} ${Math.round(box.height)} px`);
    }
    return told;
  }, least);
  found.push(...(await overflow(page)));
  if (!whole) return found;
  const debug = await context.newCDPSession(page); // past the page's policy, which stays as it is
  await debug.send("Runtime.evaluate", { expression: axe });
  const rules = "{runOnly:{type:'tag',values:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']}}";
  const run = `axe.run(document, ${rules}).then((r) => JSON.stringify(r.violations.map((v) => v.id + " " + v.nodes[0].target)))`;
  const told = await debug.send("Runtime.evaluate", { expression: run, awaitPromise: true, returnByValue: true });
  return [...found, ...JSON.parse(told.result.value ?? '["axe did not run"]')];
}

// Where in the scripts of checks it broke.
const ours = (error) => (error.stack ?? "").split("\n").filter((line) => line.includes("/tests/")).map((line) => line.trim());

export async function check(browser, name, options, body) {
  const context = await browser.newContext({ locale: "zh-CN", viewport: PHONE, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  const said = [];
  page.on("console", (m) => { if (["error", "warning"].includes(m.type()) && !m.text().startsWith("Failed to load resource")) said.push(m.text()); });
  page.on("pageerror", (error) => said.push(String(error)));
  try {
    const more = (await body(page, context)) ?? [];
    console.log(JSON.stringify({ name, findings: [...more, ...said] }));
  } catch (error) {
    console.log(JSON.stringify({ name, findings: [String(error).slice(0, 1000), ...ours(error), ...said] }));
  }
  await context.close();
}
