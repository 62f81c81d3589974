// The editorial life of one article by three people, in Chromium: node kb.mjs GATEWAY CHROMIUM SHOTS < passwords.json
// One JSON line per finding-free or broken check; SHOTS is a folder for pictures, or "-".
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { PHONE, check as checkIn, findings, open } from "./looking.mjs";

const [base, program, shots] = process.argv.slice(2);
const passwords = JSON.parse(readFileSync(0, "utf8")); // {"editor": "…"}
const browser = await open(program);
const check = (name, options, body) => checkIn(browser, name, options, body);
const DESK = { width: 1280, height: 900 };
const mark = Date.now().toString(36);
const question = `示例证${mark}丢了怎么补`;

async function go(page, act) {
  await Promise.all([page.waitForEvent("framenavigated"), act()]);
  await page.waitForLoadState();
}
const click = (page, what) => go(page, () => page.click(what));

async function inside(role, scripts = true) {
  const context = await browser.newContext({ locale: "zh-CN", viewport: DESK, javaScriptEnabled: scripts });
  const page = await context.newPage();
  await page.goto(base + "/staff/sign-in");
  await page.fill("#name", passwords[role][0]);
  await page.fill("#password", passwords[role][1]);
  await go(page, () => page.keyboard.press("Enter"));
  return page;
}

const told = async (page) => page.textContent("[role=status]");
const answers = async () => (await (await fetch(`${base}/api/kb/search?q=${encodeURIComponent(question)}`)).json()).hits.filter((hit) => hit.question === question).map((hit) => hit.answer);

await check("an article is written by one, checked by another, published by a third, and answers only then", {}, async () => {
  const [editor, unit, reviewer] = [await inside("editor"), await inside("unit", false), await inside("reviewer")];
  const theirs = (await unit.textContent("header")).match(/（(.+?)）/)[1];
  await editor.goto(base + "/kb/articles/new");
  for (const [name, value] of Object.entries({ question, answer: "带上**照片**到窗口补办。", short_answer: "带照片补办。", source: "《示例证办法》第三条", unit: theirs })) await editor.fill(`#${name}`, value);
  await click(editor, "text=存下来，试问后送审");
  assert.match(await editor.textContent("h1"), /个答案会变/);
  const place = editor.url().replace(/\/trial$/, "");
  await click(editor, "button:text-is('送单位核对')");
  assert.match(await told(editor), /已送单位核对/);
  assert.deepEqual(await answers(), []);
  await unit.goto(base + "/kb/review");
  await click(unit, `a:text-is('${question}')`);
  assert.match(await unit.textContent("[aria-label=网页预览]"), /带上照片到窗口补办/);
  assert.match(await unit.textContent("[aria-label=微信预览]"), /带照片补办/);
  await click(unit, "text=核对无误，交审核");
  await reviewer.goto(base + "/kb/review");
  await click(reviewer, `a:text-is('${question}')`);
  await click(reviewer, "text=试问并发布");
  await click(reviewer, "button:text-is('发布')");
  assert.match(await told(reviewer), /已发布/);
  for (let tries = 0; tries < 20 && !(await answers()).length; tries++) await reviewer.waitForTimeout(100);
  assert.deepEqual(await answers(), ["带上**照片**到窗口补办。"]);
  await reviewer.goto(place);
  await reviewer.fill("#remark-withdraw", "办法改了");
  await click(reviewer, "text=撤下，不再回答");
  for (let tries = 0; tries < 20 && (await answers()).length; tries++) await reviewer.waitForTimeout(100);
  assert.deepEqual(await answers(), []);
  for (const page of [editor, unit, reviewer]) await page.context().close();
});

await check("the figures of use are drawn from the table beneath them", {}, async () => {
  const page = await inside("reviewer");
  const drawn = page.locator("[data-figure=answered-days] svg");
  for (let tries = 0; tries < 30 && !(await drawn.count()); tries++) {
    await page.waitForTimeout(500); // what was answered is written every few seconds
    await page.goto(base + "/kb/usage");
  }
  const counted = await page.locator("#answered-days td:nth-child(2)").allTextContents();
  assert.match(await page.textContent("#u1"), new RegExp(`回答了${counted.reduce((all, one) => all + Number(one), 0)}次`));
  assert.equal(await page.locator("details:has(#answered-days)").evaluate((one) => one.open), false);
  await drawn.hover(); // a tooltip writes no styles that the policy forbids
  await page.context().close();
});

const pages = ["/kb", "/kb/review", "/kb/unanswered", "/kb/golden", "/kb/corrections", "/kb/units", "/kb/usage", "/kb/import", "/kb/articles/new"];
for (const viewport of [PHONE, DESK]) {
  await check(`every page of the knowledge base ${viewport.width}`, {}, async () => {
    const page = await inside("reviewer");
    await page.setViewportSize(viewport);
    await page.goto(base + "/kb");
    const one = await page.locator("tbody th a").first().getAttribute("href");
    const found = [];
    for (const path of [...pages, one, `${one}/diff`]) {
      assert.equal((await page.goto(base + path)).status(), 200, path);
      if (shots !== "-") await page.screenshot({ path: `${shots}/kb${path.replaceAll("/", "-").slice(3, 24)}-${viewport.width}.png`, fullPage: true });
      found.push(...(await findings(page, page.context(), viewport === PHONE ? 44 : 24)).map((what) => `${path}: ${what}`));
    }
    await page.context().close();
    const unit = await inside("unit");
    await unit.setViewportSize(viewport);
    for (const path of ["/kb/review", "/kb/unit", "/kb/articles/new"]) {
      await unit.goto(base + path);
      if (shots !== "-") await unit.screenshot({ path: `${shots}/kb-of-unit${path.replaceAll("/", "-").slice(3)}-${viewport.width}.png`, fullPage: true });
      found.push(...(await findings(unit, unit.context(), viewport === PHONE ? 44 : 24)).map((what) => `unit ${path}: ${what}`));
    }
    await unit.context().close();
    return found;
  });
}

await browser.close();
