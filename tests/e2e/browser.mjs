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
const LETTER = { subject: "菜市场门口占道经营", body: "每天早上有人占道经营，把路都堵死了，请管一管。", place: "示例路菜市场门口", name: "样例先生", phone: "13900000000" };
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const PHOTO = { name: "站台照片.png", mimeType: "image/png", buffer: PIXEL };
const PROGRAM = { name: "程序.png", mimeType: "image/png", buffer: Buffer.from("MZ\0\0\0 not a picture") };
async function write(page, kind, values) {
  await page.goto(base + "/mailbox");
  await page.check(`[name=kind][value=${kind}]`);
  for (const [name, value] of Object.entries({ ...LETTER, ...values })) await page.fill("#" + name, value);
}
async function send(page, shown) {
  await page.click("text=提交来信");
  await page.waitForSelector(shown);
}
async function wrongLetter(page) {
  await write(page, "complaint", { subject: "", phone: "1390000000" });
  await page.setInputFiles("#attachment", [PHOTO, PROGRAM]);
  await send(page, ".hy-errsum");
}
async function chat(page) { await page.goto(base + "/chat"); }

// What the real system says; every page as such is looked at in tests/web/kit.mjs.
const views = {
  answer: async (page) => { await chat(page); await say(page, "给市长信箱写信，多久能有回复？"); await page.waitForSelector("li[data-kind=answer]"); },
  refusal: async (page) => { await chat(page); await say(page, "法院已经判我败诉，我不服，你们让法院改判"); await page.waitForSelector("li[data-kind=refusal]"); },
  emergency: async (page) => { await chat(page); await say(page, "我家楼下着火了"); await page.waitForSelector(".hy-card--urgent"); },
  ticket: async (page) => { await chat(page); await toSummary(page); await page.click("text=确认提交"); await page.waitForSelector("li[data-kind=ticket]"); },
  summary: async (page) => { await chat(page); await toSummary(page); },
  "letter filed": async (page) => { await write(page, "complaint", {}); await send(page, "text=接下来"); },
  "letter answered": async (page) => { await write(page, "consultation", { subject: "给市长信箱写信，多久能有回复？" }); await send(page, "text=没解决"); },
  "answers searched": async (page) => { await page.goto(base + "/kb/public"); await page.fill("#q", "电瓶车上高架"); await page.keyboard.press("Enter"); await page.waitForSelector("#found:not(:text-is('全部问题'))"); },
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

for (const [lost, who] of [[1, "by itself"], [3, "at a press"]]) {
  await check(`a message whose answer was lost ${lost} times is sent again ${who} under its id and is one message`, {}, async (page) => {
    await page.addInitScript(() => { delete window.WebSocket; });
    await chat(page);
    const ids = [];
    await page.route("**/chat/say", async (route) => {
      ids.push(new URLSearchParams(route.request().postData()).get("id"));
      if (ids.length > lost) return route.continue();
      await route.fetch();
      return route.abort();
    });
    await page.fill("#say", "你好");
    await page.press("#say", "Enter");
    if (lost > 2) await page.click("text=再发一次");
    await page.waitForSelector("li[data-reply]");
    assert.deepEqual(ids, Array(lost + 1).fill(ids[0]));
    await page.reload();
    assert.equal(await page.locator(".hy-msg--me").count(), 1);
  });
}

await check("what is said in one tab stands in the other, once and in order, also after it was offline", {}, async (page, context) => {
  await chat(page);
  const other = await context.newPage();
  await chat(other);
  const texts = (one) => one.locator("li[data-said] .hy-say, li[data-reply] .hy-say").allTextContents().then((all) => all.map((text) => text.replace(/\s+/g, " ").trim()));
  await say(page, "你好");
  await other.waitForSelector("li[data-reply]");
  await context.setOffline(true);
  await other.waitForSelector("[data-link]:not([hidden])");
  await context.setOffline(false);
  await say(page, "谢谢");
  await other.waitForFunction(() => document.querySelectorAll("li[data-reply]").length > 1);
  assert.deepEqual(await texts(other), await texts(page));
  await other.waitForSelector("[data-link]", { state: "hidden" });
  await page.reload();
  assert.deepEqual(await texts(page), await texts(other));
});

await check("files are sent with what becomes of them, a place only when it is confirmed, all in care mode at 320 px", { viewport: { width: 320, height: 640 } }, async (page, context) => {
  await context.addCookies([{ name: "huying_mode", value: "care", url: base }]);
  await context.grantPermissions(["geolocation"]);
  await context.setGeolocation({ latitude: 33.7, longitude: 113.2, accuracy: 25 });
  await chat(page);
  await page.click(".hy-more summary");
  const all = await findings(page, context, 56);
  await page.setInputFiles("#file", [PHOTO, PROGRAM]);
  await page.locator("li", { hasText: "不能传" }).getByRole("button", { name: "取消" }).click(); // the photo may still be on its way
  await page.waitForSelector("li[data-reply]");
  assert.match(await page.locator("li[data-said]").last().textContent(), /站台照片/);
  await page.click(".hy-more summary");
  await page.click("[data-place]:visible");
  await page.click("text=不发送");
  assert.equal(await page.locator("li[data-said]").count(), 1);
  await page.click(".hy-more summary");
  await page.click("[data-place]:visible");
  await page.click("text=发送位置");
  await page.waitForFunction(() => document.querySelectorAll("li[data-reply]").length > 1);
  return [...all, ...(await findings(page, context, 56))];
});

await check("a file without JavaScript, and the whole talk as a text", { javaScriptEnabled: false }, async (page) => {
  await chat(page);
  await page.click(".hy-more summary");
  await page.setInputFiles("#file", PHOTO);
  await page.click("text=发送文件");
  await page.locator("li[data-reply]").first().waitFor();
  await page.click(".hy-more summary");
  const [file] = await Promise.all([page.waitForEvent("download"), page.click("text=保存对话记录")]);
  assert.equal(file.suggestedFilename(), "12345.txt");
});

await check("answers are found as one types, are told, and come back when the box is emptied", {}, async (page) => {
  await page.goto(base + "/kb/public");
  const all = await page.locator("[data-found] li").count();
  await page.type("#q", "市长信箱多久回复");
  await page.waitForSelector("#found:text-is('查到的问题')");
  assert.match(await page.textContent("[data-told]"), /^查到\d+个问题$/);
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, "/kb/public");
  assert.equal(await page.evaluate(() => document.activeElement.id), "q");
  await page.fill("#q", "");
  await page.waitForFunction((n) => document.querySelectorAll("[data-found] li").length === n, all);
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

await check("a complaint with corrections in words and in place, in care mode at 320 px", { viewport: sizes.narrow[0] }, async (page, context) => {
  await context.addCookies([{ name: "huying_mode", value: "care", url: base }]);
  await chat(page);
  await toSummary(page);
  await say(page, "不是示例路，是示范路12号");
  const card = page.locator("form.hy-card").last();
  assert.match(await card.locator("[name='field.place']").inputValue(), /示范路12号/);
  await card.locator("[name='field.time']").fill("每天晚上八点以后");
  const all = await findings(page, context, 56);
  await card.locator("button[value=confirm]").click();
  await page.waitForSelector("li[data-kind=ticket]");
  const kept = await page.locator("article.hy-card dl").last().textContent().catch(() => "");
  if (/每天早上六点/.test(kept)) all.push("the corrected time is not what was kept");
  return all;
});

await check("the whole way without JavaScript", { javaScriptEnabled: false }, async (page) => {
  await chat(page);
  for (const text of COMPLAINT) {
    await page.fill("#say", text);
    await page.click("form.hy-compose .hy-btn--main");
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

await check("what is wrong with a letter has the focus, and the way back keeps words and files", {}, async (page) => {
  await wrongLetter(page);
  assert.match(await page.title(), /^有3处要改：/);
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains("hy-errsum")));
  await page.click(".hy-errsum a[href='#phone']");
  assert.equal(await page.evaluate(() => document.activeElement.id), "phone");
  assert.equal(await page.inputValue("#body"), LETTER.body);
  await page.fill("#subject", LETTER.subject);
  await page.fill("#phone", LETTER.phone);
  await send(page, "text=接下来");
});

await check("a letter without JavaScript, with a photo, an error and a file taken out again", { javaScriptEnabled: false }, async (page) => {
  await wrongLetter(page);
  assert.ok((await page.textContent("main")).includes("站台照片.png"));
  await page.click("button[name=remove]");
  assert.ok(!(await page.textContent("main")).includes("站台照片.png"));
  await page.setInputFiles("#attachment", [PHOTO]);
  await page.fill("#subject", LETTER.subject);
  await page.fill("#phone", LETTER.phone);
  await send(page, "text=接下来");
  const number = (await page.locator(".hy-num").first().textContent()).trim();
  assert.match(number, /^[0-9]{8}[0-9A-Z]{9}$/);
});

await check("a draft stays on the device, without who writes, can be deleted, and never is one of a report", {}, async (page) => {
  await write(page, "complaint", {});
  await page.reload();
  assert.equal(await page.inputValue("#body"), LETTER.body);
  assert.equal(await page.inputValue("#phone"), "");
  assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes(LETTER.name));
  await page.check("[name=kind][value=report]");
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  await page.fill("#body", "举报的内容");
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  await page.check("[name=kind][value=complaint]");
  assert.ok(await page.evaluate(() => localStorage.length));
  await page.reload();
  await page.click("text=删除草稿");
  assert.equal(await page.inputValue("#body"), "");
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  await write(page, "complaint", {});
  await send(page, "text=接下来");
  assert.equal(await page.evaluate(() => localStorage.length), 0);
});

await check("characters left are counted and a chosen file can be taken out before it is sent", {}, async (page) => {
  await page.goto(base + "/mailbox");
  await page.fill("#body", "一二三");
  assert.match(await page.textContent("#body-h"), /还能写9997字/);
  await page.setInputFiles("#attachment", [PHOTO, PROGRAM]);
  await page.click("[aria-label='删除程序.png']");
  assert.deepEqual(await page.evaluate(() => [...document.querySelector("#attachment").files].map((file) => file.name)), ["站台照片.png"]);
});

await browser.close();
