// What a leader sees of a case that went up, on a phone and on a desk; and the word that is said on it there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PHONE, check, findings, open } from "./looking.mjs";

const [desk, program, number, shots] = process.argv.slice(2);
const password = JSON.parse(readFileSync(0, "utf8"));
const browser = await open(program);

for (const viewport of [PHONE, { width: 1280, height: 900 }]) {
  await check(browser, `a case that went up, as its leader sees it ${viewport.width}`, { viewport }, async (page, context) => {
    const found = [];
    const look = async (name) => {
      if (shots !== "-") await page.screenshot({ path: `${shots}/${name}-${viewport.width}.png`, fullPage: true });
      found.push(...(await findings(page, context, viewport === PHONE ? 44 : 24)).map((what) => `${name}: ${what}`));
    };
    await page.goto(`${desk}/sign-in`);
    await page.fill("#name", "leader");
    await page.fill("#password", password);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/leading");
    await look("leading");
    await page.click(`a[href="/leading/${number}"]`);
    await page.waitForURL(`**/leading/${number}`);
    await look("led");
    if (viewport === PHONE) {
      const form = page.locator("form[action*='/steps/instructed']");
      await page.locator("details", { has: form }).locator("summary").first().click();
      await form.locator("[name=name]").fill("钱样例");
      await form.locator("[name=instruction]").fill("月底前恢复路面。");
      await look("led-open");
      await form.locator("[type=submit]").click();
      await page.waitForSelector("[role=status]");
      assert.match(await page.textContent("main"), /月底前恢复路面/);
      await look("led-done");
    }
    return found;
  });
}

await browser.close();
