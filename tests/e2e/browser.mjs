// Looks at the running system through Chromium: node browser.mjs BASE CHROMIUM. One JSON line per finding-free or broken check.
import assert from "node:assert/strict";
import { PHONE, check as checkIn, findings, open } from "./looking.mjs";

const [base, program] = process.argv.slice(2);
const browser = await open(program);
const check = (name, options, body) => checkIn(browser, name, options, body);

const replies = (page) => page.locator("li[data-reply]").count();
async function say(page, text) {
  const before = await replies(page);
  await page.fill("#say", text);
  await page.keyboard.press("Enter");
  await page.waitForFunction((n) => document.querySelectorAll("li[data-reply]").length > n, before, { timeout: 20000 });
}
const COMPLAINT = ["我们小区旁边有人占道经营，把路都堵死了，我要投诉", "示例路和样例街交叉口", "每天早上六点到九点", "13900000000", "样例先生"];
async function toSummary(page) {
  for (const text of COMPLAINT) await say(page, text);
  await page.waitForSelector("form.hy-card");
}
async function chat(page) { await page.goto(base + "/chat"); }

const views = {
  portal: (page) => page.goto(base + "/"),
  greeting: chat,
  answer: async (page) => { await chat(page); await say(page, "给市长信箱写信，多久能有回复？"); await page.waitForSelector("li[data-kind=answer]"); },
  refusal: async (page) => { await chat(page); await say(page, "法院已经判我败诉，我不服，你们让法院改判"); await page.waitForSelector("li[data-kind=refusal]"); },
  emergency: async (page) => { await chat(page); await say(page, "我家楼下着火了"); await page.waitForSelector(".hy-card--urgent"); },
  ticket: async (page) => { await chat(page); await toSummary(page); await page.click("text=确认提交"); await page.waitForSelector("li[data-kind=ticket]"); },
  summary: async (page) => { await chat(page); await toSummary(page); },
  progress: (page) => page.goto(base + "/progress"),
  answers: (page) => page.goto(base + "/kb/public"),
  missing: (page) => page.goto(base + "/no-such-page"),
};
const sizes = { phone: [PHONE, false], care: [PHONE, true], narrow: [{ width: 320, height: 640 }, false], desk: [{ width: 1280, height: 900 }, false] };

for (const [view, go] of Object.entries(views)) {
  for (const [size, [viewport, care]] of Object.entries(sizes)) {
    await check(`${view} ${size}`, { viewport }, async (page, context) => {
      if (care) await context.addCookies([{ name: "huying_mode", value: "care", url: base }]);
      await go(page);
      return findings(page, context, care ? 56 : viewport.width > 1000 ? 24 : 44);
    });
  }
}

await check("Enter sends, Shift+Enter breaks the line, an open input method never sends", {}, async (page) => {
  await chat(page);
  await page.fill("#say", "你");
  await page.press("#say", "Shift+Enter");
  await page.keyboard.type("好");
  assert.equal(await page.inputValue("#say"), "你\n好");
  await page.evaluate(() => document.querySelector("#say").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true })));
  await page.waitForTimeout(300);
  assert.equal(await replies(page), 0);
  await page.press("#say", "Enter");
  await page.waitForSelector("li[data-reply]");
  assert.equal(await page.inputValue("#say"), "");
  assert.equal(await page.evaluate(() => document.activeElement.id), "say");
});

await check("a message whose answer was lost is sent again under its id and is one message", {}, async (page) => {
  await chat(page);
  const ids = [];
  await page.route("**/chat/say", async (route) => {
    ids.push(new URLSearchParams(route.request().postData()).get("id"));
    if (ids.length > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await page.fill("#say", "你好");
  await page.press("#say", "Enter");
  await page.click("text=再发一次");
  await page.waitForSelector("li[data-reply]");
  assert.deepEqual(ids, [ids[0], ids[0]]);
  await page.reload();
  assert.equal(await page.locator(".hy-msg--me").count(), 1);
});

await check("an emergency is dialable in one tap and announced", {}, async (page) => {
  await views.emergency(page);
  const box = await page.locator(".hy-card--urgent a[href='tel:119']").first().boundingBox();
  assert.ok(box.y > 0 && box.y + box.height < PHONE.height);
  assert.match(await page.textContent("[role=alert]"), /119/);
});

await check("a complaint is told, confirmed and looked up with the keyboard alone", {}, async (page) => {
  await chat(page);
  await page.focus("#say");
  for (const text of COMPLAINT) {
    const before = await replies(page);
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
    await page.waitForFunction((n) => document.querySelectorAll("li[data-reply]").length > n, before, { timeout: 20000 });
  }
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Shift+Tab");
    if ((await page.evaluate(() => document.activeElement.textContent.trim())) === "确认提交") break;
  }
  await page.keyboard.press("Enter");
  await page.waitForSelector("li[data-kind=ticket]");
});

await check("the whole way without JavaScript", { javaScriptEnabled: false }, async (page) => {
  await chat(page);
  for (const text of COMPLAINT) {
    await page.fill("#say", text);
    await page.click("form.hy-compose button");
  }
  await page.click("text=确认提交");
  await page.locator("li[data-kind=ticket]").waitFor();
  const [number, code] = await page.locator("li[data-kind=ticket] .hy-num").allTextContents();
  await page.goto(base + "/progress");
  await page.fill("#number", number.trim());
  await page.fill("#code", code.trim());
  await page.click("main form .hy-btn--main");
  assert.ok((await page.textContent("main")).includes(number.trim()));
});

await browser.close();
