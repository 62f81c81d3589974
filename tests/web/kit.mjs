// Puts every view of the citizens' pages through the same checks: node kit.mjs BASE CHROMIUM SHOTS ELSEWHERE, the views as JSON on the input.
// A view is {name, steps}: steps are ["go", path], ["fill", selector, text], ["check"|"click"|"wait", selector].
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { check as checkIn, findings, open, overflow } from "../e2e/looking.mjs";

const [base, program, shots, elsewhere] = process.argv.slice(2);
const views = JSON.parse(readFileSync(0, "utf8"));
const browser = await open(program);
const WECHAT = "Mozilla/5.0 (Linux; Android 13; Mobile) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0.50 Language/zh_CN";
const CARE = { name: "huying_mode", value: "care", url: base };
const HEIGHTS = { 320: 640, 375: 812, 1280: 900 };
const WHOLE = { usual: "375", care: "320" }; // where axe looks too
const LIGHT = 150 * 1024; // bytes over the wire of the whole chat page

const doing = {
  go: (page, path) => page.goto(base + path),
  fill: (page, selector, text) => page.fill(selector, text),
  check: (page, selector) => page.check(selector),
  click: (page, selector) => page.click(selector),
  wait: (page, selector) => page.waitForSelector(selector),
};
async function reach(page, view) {
  for (const [what, ...how] of view.steps) await doing[what](page, ...how);
  await page.waitForLoadState();
}

// Nothing is asked of another host, the policy is never broken; what a page weighs is counted on the way.
function watch(page, context) {
  const told = [];
  page.on("request", (request) => { if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).host !== new URL(base).host) told.push(`asks ${request.url()}`); });
  return context.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error("policy: " + event.violatedDirective))).then(() => told);
}
const shot = (page, view, size) => page.screenshot({ path: `${shots}/${view.name.replaceAll(" ", "-")}-${size}.jpg`, type: "jpeg", quality: 60, fullPage: view.name !== "chat" });
const resize = (page, width) => page.setViewportSize({ width: +width, height: HEIGHTS[width] });
const marked = (at, found) => found.map((one) => `${at}: ${one}`);

async function atEveryWidth(page, context, view, mode, least) {
  const found = [];
  for (const width of Object.keys(HEIGHTS)) {
    await resize(page, width);
    const whole = WHOLE[mode] === width;
    found.push(...marked(width, await findings(page, context, width === "1280" && mode === "usual" ? 24 : least, whole)));
    if (whole || (mode === "usual" && width === "1280")) await shot(page, view, `${width}-${mode}`);
  }
  return found;
}

// 1280 px at 200 % are 640 px; spacing as WCAG 1.4.12 has it.
async function zoomed(page) {
  await page.setViewportSize({ width: 640, height: 450 });
  await page.evaluate(() => {
    for (const one of document.querySelectorAll("body *")) {
      one.style.setProperty("line-height", "1.5", "important");
      one.style.setProperty("letter-spacing", ".12em", "important");
      one.style.setProperty("word-spacing", ".16em", "important");
      if (one.tagName === "P") one.style.setProperty("margin-bottom", "2em", "important");
    }
  });
  return marked("zoomed", await overflow(page));
}

// Tab goes through the whole page and out of it again, each stop is seen, and the switch of sizes is among the first three.
async function byKeyboard(page) {
  await resize(page, "375");
  const told = [], stops = [];
  await page.evaluate(() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex"); });
  for (let presses = 0; presses < 150; presses++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const one = document.activeElement;
      if (one === document.body) return null;
      const style = getComputedStyle(one);
      const place = [...document.querySelectorAll("*")].indexOf(one);
      return { place, text: one.textContent.trim().slice(0, 20) || one.name || one.tagName, seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
    });
    if (!stop || stop.place === stops[0]?.place) break;
    stops.push(stop);
  }
  if (stops.length === 150) told.push("Tab does not come out of the page");
  if (!stops.slice(0, 3).some((stop) => /关怀版|标准版/.test(stop.text))) told.push(`no switch within three stops: ${stops.slice(0, 3).map((stop) => stop.text)}`);
  for (const stop of stops) if (!stop.seen) told.push(`focus is not seen: ${stop.text}`);
  return marked("keyboard", told);
}

// Losing the network loses nothing that was typed, and the page is as good as before once it is back.
async function offlineAndBack(page, context) {
  const box = page.locator("main textarea:visible, main input:not([type]):visible, form.hy-compose textarea").first();
  const there = (await box.count()) > 0 && await box.isEditable();
  await context.setOffline(true);
  if (there) await box.fill("没有网的时候写的");
  await context.setOffline(false);
  if (there && (await box.inputValue()) !== "没有网的时候写的") return ["offline: what was typed is gone"];
  return [];
}

async function usual(page, context, view) {
  const told = await watch(page, context);
  await reach(page, view);
  const found = await atEveryWidth(page, context, view, "usual", 44);
  return [...found, ...(await byKeyboard(page)), ...(await offlineAndBack(page, context)), ...(await zoomed(page)), ...told];
}

async function care(page, context, view) {
  await context.addCookies([CARE]);
  const told = await watch(page, context);
  await reach(page, view);
  const small = await page.evaluate(() => parseFloat(getComputedStyle(document.querySelector("main p, main label, main td, main li")).fontSize) < 18);
  return [...(await atEveryWidth(page, context, view, "care", 56)), ...(await zoomed(page)), ...told, ...(small ? ["care: small type"] : [])];
}

// The mode is in the page as it comes: nothing has to run for it, so nothing flashes.
async function plain(page, context, view) {
  await context.addCookies([CARE]);
  const told = await watch(page, context);
  await reach(page, view);
  assert.equal(await page.getAttribute("body", "data-weui-mode"), "care");
  return [...(await findings(page, context, 56, false)), ...told];
}

const wanted = views.flatMap((view) => [
  [`${view.name} usual`, {}, (page, context) => usual(page, context, view)],
  [`${view.name} in care mode, in WeChat`, { userAgent: WECHAT }, (page, context) => care(page, context, view)],
  [`${view.name} without JavaScript`, { javaScriptEnabled: false }, (page, context) => plain(page, context, view)],
]);
async function work() { while (wanted.length) await checkIn(browser, ...wanted.shift()); }
await Promise.all([work(), work(), work()]);

await checkIn(browser, "the chat page is light", {}, async (page, context) => {
  const network = await context.newCDPSession(page);
  let weight = 0;
  network.on("Network.loadingFinished", (event) => { weight += event.encodedDataLength; });
  await network.send("Network.enable");
  await page.goto(base + "/chat", { waitUntil: "networkidle" });
  return weight > 0 && weight <= LIGHT ? [] : [`${weight} bytes`];
});

await checkIn(browser, "what is said without a network is there once it is back", {}, async (page, context) => {
  await page.goto(base + "/chat");
  await context.setOffline(true);
  await page.fill("#say", "身份证丢了怎么补");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".hy-msg--me");
  await context.setOffline(false);
  const again = page.locator("text=再发一次");
  for (let looks = 0; looks < 40 && !(await page.locator("li[data-kind=answer]").count()); looks++) {
    if (await again.isVisible()) await again.click();
    await page.waitForTimeout(100);
  }
  assert.equal(await page.locator("li[data-kind=answer]").count(), 1);
  assert.equal(await page.locator(".hy-msg--me").count(), 1);
});

await checkIn(browser, "the care mode is remembered on every page and taken back", {}, async (page) => {
  const mode = () => page.getAttribute("body", "data-weui-mode");
  await page.goto(base + "/");
  await page.click("text=关怀版");
  for (const path of ["/", "/chat", "/mailbox", "/progress", "/privacy"]) { await page.goto(base + path); assert.equal(await mode(), "care", path); }
  await page.click("text=标准版");
  assert.equal(await mode(), null);
});

await checkIn(browser, "Back and reload show the letter with its faults, the timeline, and what came of its forms again", {}, async (page) => {
  const away = async (shown) => {
    await page.waitForSelector(shown);
    await page.goto(base + "/");
    await page.goBack();
    await page.waitForSelector(shown);
  };
  await page.goto(base + "/mailbox");
  await page.fill("#body", "路灯坏了三天");
  await page.click("text=提交来信");
  await away(".hy-errsum");
  assert.equal(await page.inputValue("#body"), "路灯坏了三天");
  for (const [name, shown] of [["progress timeline", "#p2"], ["progress acted", "main [role=status]"], ["progress act lacks", "[role=alert]"], ["receipt", ".hy-qr"], ["progress wrong", "#code-e"]]) {
    await reach(page, views.find((view) => view.name === name));
    await away(shown);
    await page.reload(); // by GET: nothing is sent again, and nobody is asked whether to
    await page.waitForSelector(shown);
  }
});

await checkIn(browser, "a whole complaint inside a frame on another site, which keeps no cookie of ours", {}, async (page, context) => {
  const sockets = [], posted = [];
  page.on("websocket", (socket) => sockets.push(socket));
  page.on("request", (request) => { if (request.url().endsWith("/chat/say")) posted.push(request); });
  await page.goto(`${elsewhere}/?us=${base}`);
  await page.click("text=在线反映");
  const frame = page.frameLocator("iframe");
  const say = async (text) => { await frame.locator("#say").fill(text); await frame.locator("#say").press("Enter"); };
  await say("工地施工太吵");
  await frame.locator("li[data-kind=clarify]").waitFor();
  const inside = page.frames().find((one) => one.url().endsWith("/chat/embed"));
  await inside.evaluate(() => document.querySelector("huying-chat").link.lost()); // as when a server goes: another socket goes on
  while (sockets.length < 2 || !(await inside.evaluate(() => document.querySelector("huying-chat").link.open))) await page.waitForTimeout(50);
  await say("晚上也吵");
  await frame.locator("text=确认提交").click();
  await frame.locator("li[data-kind=ticket]").waitFor();
  assert.deepEqual([sockets.length, posted.length], [2, 0], "said and answered over sockets alone");
  assert.ok(!(await context.cookies()).some((cookie) => cookie.name === "huying_chat"));
  await frame.locator("text=关闭").click();
  await page.locator("iframe").waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "在线反映");
});

await checkIn(browser, "a frame that may store goes on after a reload", {}, async (page) => {
  await page.goto(base + "/chat/embed");
  await page.fill("#say", "工地施工太吵");
  await page.keyboard.press("Enter");
  await page.waitForSelector("li[data-kind=clarify]");
  await page.reload();
  await page.waitForSelector("li[data-kind=clarify]");
});

await browser.close();
