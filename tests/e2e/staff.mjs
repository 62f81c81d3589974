// The staff's pages of both programs in Chromium: node staff.mjs GATEWAY DESK CHROMIUM CASE SHOTS < passwords.json
// One JSON line per finding-free or broken check; SHOTS is a folder for pictures, or "-".
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { PHONE, check as checkIn, findings, open } from "./looking.mjs";

const [gateway, desk, program, kase, secret, shots] = process.argv.slice(2);
const passwords = JSON.parse(readFileSync(0, "utf8")); // {"desk admin": "…"}
const browser = await open(program);
const check = (name, options, body) => checkIn(browser, name, options, body);
const DESK = { width: 1280, height: 900 };
const OWN = "three unrelated rivers, one kettle";

const doors = { desk: { base: desk, at: "" }, gateway: { base: gateway, at: "/staff" } };
const at = (door, path) => doors[door].base + doors[door].at + path;

async function go(page, act) {
  await Promise.all([page.waitForEvent("framenavigated"), act()]);
  await page.waitForLoadState();
}
const press = (page) => go(page, () => page.keyboard.press("Enter"));
const click = (page, what) => go(page, () => page.click(what));
async function type(page, door, name, password) {
  await page.goto(at(door, "/sign-in"));
  await page.fill("#name", name);
  await page.fill("#password", password);
  await press(page);
}
const enter = (page, door, role) => type(page, door, role, passwords[`${door} ${role}`]);
const heading = async (page) => (await page.textContent("h1")).trim();

function base32(text) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...text].map((one) => letters.indexOf(one).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}
// RFC 6238 with SHA-1, 30 s, 6 digits, written out here so that the server's library is not its own judge.
function code(secret, steps = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
  const hash = createHmac("sha1", base32(secret)).update(counter).digest();
  const start = hash[19] & 15;
  return String((hash.readUInt32BE(start) & 0x7fffffff) % 1000000).padStart(6, "0");
}

let made = 0;
async function invite(page, door, role) {
  const name = `e2e-${process.pid}-${(made += 1)}`;
  await page.goto(at(door, "/accounts"));
  await page.fill("#name", name);
  await page.selectOption("#role", role);
  if (role === "unit") await page.selectOption("#unit", { index: 1 });
  await click(page, "text=开通 >> visible=true >> nth=-1");
  await page.waitForSelector(".hy-key");
  return [name, (await page.textContent(".hy-key")).trim()];
}
async function fresh(role = "dispatcher", door = "desk") {
  const context = await browser.newContext({ locale: "zh-CN" });
  const page = await context.newPage();
  await enter(page, door, "admin");
  const invited = await invite(page, door, role);
  await context.close();
  return invited;
}
async function ownPassword(page, door, name, oneTime) {
  await type(page, door, name, oneTime);
  await page.fill("#new", OWN);
  await page.fill("#again", OWN);
  await click(page, "text=保存");
}
async function bind(page, door) {
  await page.goto(at(door, "/account/second-factor"));
  await page.fill("#password", OWN);
  await click(page, "text=显示二维码");
  await page.waitForSelector(".hy-key");
  const secret = (await page.textContent(".hy-key")).trim();
  const used = code(secret);
  await page.fill("#code", used);
  await click(page, "text=确认绑定");
  await page.waitForSelector(".hy-codes");
  return [secret, await page.locator(".hy-codes li").allTextContents(), used];
}

const kept = {}; // one sign-in for all the views of a role
async function inside(page, door, role) {
  const context = page.context();
  if (kept[`${door} ${role}`]) return context.addCookies(kept[`${door} ${role}`]);
  await enter(page, door, role);
  kept[`${door} ${role}`] = await context.cookies();
}
const asks = (door, role, path, raw = false) => async (page) => {
  await inside(page, door, role);
  await page.goto(raw ? doors[door].base + path : at(door, path));
};
let asked = null; // the page of a citizen who asked for a person, open for as long as the run
async function askForPerson() {
  if (asked) return asked;
  asked = await (await browser.newContext({ locale: "zh-CN", viewport: PHONE })).newPage();
  await asked.goto(gateway + "/chat");
  await asked.click("button[value=human]");
  await asked.waitForSelector("li[data-kind=clarify]");
  await asked.fill("#say", "13800000009");
  await asked.keyboard.press("Enter");
  await asked.waitForSelector("li[data-kind=handover]");
  return asked;
}
const talk = async (page) => { // others may wait for a person too, with or before this one
  const [number] = (await (await askForPerson()).textContent("li[data-kind=handover]")).match(/\d{8}[0-9A-Z]{9}/);
  await asks("gateway", "dispatcher", "/ops/callbacks", true)(page);
  await click(page, `tbody tr:has-text("${number}") th a`);
  await page.waitForSelector("h1");
  if (await page.locator("text=我来接").count()) await click(page, "text=我来接");
};
const views = {
  "desk sign-in": (page) => page.goto(at("desk", "/sign-in")),
  "desk wrong": (page) => type(page, "desk", `nobody-${process.pid}-${Math.random()}`, "wrong"),
  "desk inbox": asks("desk", "dispatcher", "/"),
  "desk inbox filtered": asks("desk", "dispatcher", "/?order=new&confidential=1&q=2026"),
  "desk board": asks("desk", "dispatcher", "/board"),
  "desk case": async (page) => {
    await asks("desk", "dispatcher", `/cases/${kase}`)(page);
    await page.locator("#casework details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
    await page.waitForSelector("#casework [aria-disabled=true]");
  },
  "desk person": async (page) => {
    await asks("desk", "dispatcher", `/cases/${kase}`)(page);
    await page.selectOption("#why", "contact");
    await click(page, "button:has-text('看姓名和电话')");
    await page.waitForSelector("[role=status]");
  },
  "desk confidential": asks("desk", "dispatcher", `/cases/${secret}`),
  "desk account": asks("desk", "dispatcher", "/account"),
  "desk password": asks("desk", "dispatcher", "/account/password"),
  "desk no purpose": async (page) => {
    await asks("desk", "dispatcher", `/cases/${kase}`)(page);
    await page.locator("#why").evaluate((one) => one.removeAttribute("required"));
    await click(page, "button:has-text('看姓名和电话')");
    await page.waitForSelector("[role=alert]");
  },
  "desk refused": asks("desk", "editor", "/"),
  "desk unit": asks("desk", "unit", "/"),
  "desk leader": asks("desk", "leader", "/leading"),
  "desk calls": asks("desk", "dispatcher", "/calls"),
  "desk supervision": asks("desk", "dispatcher", "/supervision"),
  "desk case supervised": async (page) => {
    await asks("desk", "dispatcher", `/cases/${secret}`)(page);
    await page.click("#supervision summary");
  },
  "desk meeting": asks("desk", "dispatcher", "/meeting"),
  "desk letters": asks("desk", "dispatcher", "/letters"),
  "desk files": asks("desk", "unit", "/files"),
  "desk published figures": (page) => page.goto(at("desk", "/published/figures")),
  "desk units": asks("desk", "dispatcher", "/units"),
  "desk faulty lines": async (page) => {
    await asks("desk", "dispatcher", "/units")(page);
    await page.fill("#lines", "单位\t角色\t姓名\t电话\n没有的单位\t专职人员\t示例甲\t00000000\n只有两列\t专职人员");
    await click(page, "button:text-is('录入')");
    await page.waitForSelector("[role=alert] li");
  },
  "desk one unit": async (page) => {
    await asks("desk", "dispatcher", "/units/0")(page);
    await page.selectOption("#role", "deputy_head");
    await page.fill("#name", "示例甲");
    await page.fill("#phone", "0000-0000000");
    await click(page, "button:text-is('录入')");
    await page.waitForSelector("[role=status]");
  },
  "desk own unit": asks("desk", "unit", "/units"),
  "desk report": asks("desk", "dispatcher", "/reports"),
  "desk ranking": asks("desk", "dispatcher", "/reports/ranking"),
  "desk score": asks("desk", "dispatcher", "/reports/units/0"),
  "desk own report": asks("desk", "unit", "/reports"),
  "desk archive": asks("desk", "dispatcher", "/archive"),
  "desk analysis": asks("desk", "dispatcher", "/analysis"),
  "desk papers": asks("desk", "dispatcher", "/papers"),
  "desk paper": async (page) => {
    await asks("desk", "dispatcher", "/papers")(page);
    await click(page, "button:has-text('开始写') >> nth=0");
    await page.waitForSelector("#approver");
  },
  "desk matter": asks("desk", "dispatcher", `/cases/${kase}/report`),
  "desk accounts": asks("desk", "admin", "/accounts"),
  "desk other account": async (page) => {
    await asks("desk", "admin", "/accounts")(page);
    await click(page, "th a:text-is('editor')");
    await page.waitForSelector("#why-reset");
  },
  "desk audit": asks("desk", "admin", "/audit"),
  "gateway sign-in": (page) => page.goto(at("gateway", "/sign-in")),
  "gateway answers": asks("gateway", "editor", "/kb", true),
  "gateway operations": asks("gateway", "admin", "/ops", true),
  "gateway sealed": asks("gateway", "dispatcher", "/ops/sealed", true),
  "gateway sealed asked": async (page) => {
    await asks("gateway", "dispatcher", "/ops/sealed", true)(page);
    await page.fill("#number", secret);
    await page.selectOption("#why", "contact");
    await click(page, "button:text-is('提交申请')");
    await page.waitForSelector("[role=status], [role=alert]");
    await page.waitForSelector(`th:has-text("${secret}")`);
  },
  "gateway call-in days": asks("gateway", "dispatcher", "/ops/call-ins", true),
  "gateway repeats": asks("gateway", "dispatcher", "/ops/repeats", true),
  "gateway callbacks": async (page) => {
    await askForPerson();
    await asks("gateway", "dispatcher", "/ops/callbacks", true)(page);
  },
  "gateway callback": async (page) => {
    await talk(page);
    await page.waitForSelector("#text");
  },
  "gateway polls": asks("gateway", "dispatcher", "/ops/polls", true),
  "gateway poll": async (page) => {
    await asks("gateway", "dispatcher", "/ops/polls", true)(page);
    for (const [field, text] of [["question", "路灯够亮吗？"], ["options", "够亮\n不够亮"], ["ordered_by", "示例市人民政府"], ["groups", "走路的人\n开车的人"]]) await page.fill(`#${field}`, text);
    await page.fill("#last", await page.inputValue("#first"));
    await click(page, "button:text-is('开始')");
    await page.waitForSelector("#r1");
  },
  "gateway people": async (page) => {
    await asks("gateway", "dispatcher", "/ops/people", true)(page);
    await page.fill("#value", "13800000000");
    await click(page, "button:text-is('找')");
    await page.waitForSelector("#p2");
  },
  "gateway sealed without reason": async (page) => {
    await asks("gateway", "dispatcher", "/ops/sealed", true)(page);
    await page.fill("#number", kase);
    await page.locator("#why").evaluate((one) => one.removeAttribute("required"));
    await page.locator("#number").press("Enter");
    await page.waitForSelector("[role=alert]");
  },
  "gateway account": asks("gateway", "reviewer", "/account"),
  "gateway accounts": asks("gateway", "admin", "/accounts"),
  "gateway audit": asks("gateway", "admin", "/audit"),
  "gateway refused": asks("gateway", "editor", "/ops", true),
};

async function look(page, context, name, width) {
  if (shots !== "-") await page.screenshot({ path: `${shots}/${name.replaceAll(" ", "-")}-${width}.png`, fullPage: true });
  return findings(page, context, width > 1000 ? 24 : 44);
}
for (const [view, go] of Object.entries(views)) {
  for (const viewport of [PHONE, DESK]) {
    await check(`${view} ${viewport.width}`, { viewport }, async (page, context) => {
      await go(page);
      return look(page, context, view, viewport.width);
    });
  }
}

await check("what a person writes is in the citizen's open chat without a reload, and the bot keeps silent", {}, async (page) => {
  await talk(page);
  await page.fill("#text", "工作人员在看，马上给您回电话。");
  await click(page, "text=发给市民");
  await page.waitForSelector("[role=status]:has-text('已经发给市民')");
  const citizen = await askForPerson();
  await citizen.waitForSelector("li:has(.hy-by):has-text('马上给您回电话')");
  const replies = await citizen.locator("li[data-reply]").count();
  await citizen.fill("#say", "好的，我等电话");
  await citizen.keyboard.press("Enter");
  await citizen.waitForSelector("li[data-said]:has-text('我等电话')");
  await citizen.waitForFunction(() => !document.querySelector(".hy-wait"));
  assert.equal(await citizen.locator("li[data-reply]").count(), replies);
  await page.waitForSelector("[data-live=talk] li:has-text('我等电话')"); // here by looking again
});

for (const viewport of [PHONE, DESK]) {
  const told = (name) => async (page, context) => (await look(page, context, name, viewport.width)).map((one) => `${name}: ${one}`);
  await check(`from a one-time password to a second factor, every page on the way ${viewport.width}`, { viewport, javaScriptEnabled: true }, async (page, context) => {
    const all = [];
    await enter(page, "desk", "admin");
    const [name, oneTime] = await invite(page, "desk", "dispatcher");
    all.push(...(await told("desk one-time")(page, context)));
    await click(page, "text=退出");
    await type(page, "desk", name, oneTime);
    assert.equal(await heading(page), "请先设一个自己的密码");
    all.push(...(await told("desk first password")(page, context)));
    await page.goto(at("desk", "/")); // nothing else can be reached meanwhile
    assert.equal(await heading(page), "请先设一个自己的密码");
    for (const [weak, again, why] of [["short", "short", "太短"], ["dispatcher2026!", "dispatcher2026", "不一样"], ["password20262026", "password20262026", "容易被猜到"]]) {
      await page.locator("#new").evaluate((one) => one.removeAttribute("minlength"));
      await page.fill("#new", weak);
      await page.fill("#again", again);
      await click(page, "text=保存");
      await page.waitForSelector(`[role=alert]:has-text("${why}")`);
    }
    all.push(...(await told("desk weak password")(page, context)));
    await page.fill("#new", OWN);
    await page.fill("#again", OWN);
    await click(page, "text=保存");
    await page.waitForSelector("[role=status]");
    await page.goto(at("desk", "/account/second-factor"));
    all.push(...(await told("desk factor")(page, context)));
    await page.fill("#password", OWN);
    await click(page, "text=显示二维码");
    await page.waitForSelector(".hy-key");
    all.push(...(await told("desk qr")(page, context)));
    const [secret, codes, used] = await bindShown(page);
    all.push(...(await told("desk codes")(page, context)));
    assert.equal(codes.length, 10);
    await click(page, "text=记好了");
    all.push(...(await told("desk bound account")(page, context)));
    await click(page, "text=退出");
    await type(page, "desk", name, OWN);
    assert.equal(await heading(page), "输入验证码");
    all.push(...(await told("desk code")(page, context)));
    await page.fill("#code", used); // the one it was bound with
    await press(page);
    await page.waitForSelector("[role=alert]");
    all.push(...(await told("desk wrong code")(page, context)));
    await page.fill("#code", code(secret, 1));
    await press(page);
    assert.equal(await heading(page), "待办");
    return all;
  });
}
async function bindShown(page) {
  const secret = (await page.textContent(".hy-key")).trim();
  const used = code(secret);
  await page.fill("#code", used);
  await click(page, "text=确认绑定");
  await page.waitForSelector(".hy-codes");
  return [secret, await page.locator(".hy-codes li").allTextContents(), used];
}

await check("the whole way with the keyboard alone and without JavaScript", { javaScriptEnabled: false }, async (page) => {
  const [name, oneTime] = await fresh();
  await page.goto(at("desk", "/sign-in"));
  const until = async (id) => {
    for (let presses = 0; presses < 30; presses++) {
      await page.keyboard.press("Tab");
      if (await page.locator(`#${id}:focus`).count()) return;
    }
    assert.fail(`${id} is not reached by Tab`);
  };
  await until("name");
  await page.keyboard.type(name);
  await until("password");
  await page.keyboard.type(oneTime);
  await press(page);
  await page.waitForURL("**/account/password");
  await until("new");
  await page.keyboard.type(OWN);
  await until("again");
  await page.keyboard.type(OWN);
  await press(page);
  await page.waitForURL("**/account?done=password");
  await page.goto(at("desk", "/account/second-factor"));
  await until("password");
  await page.keyboard.type(OWN);
  await press(page);
  await page.locator(".hy-key").waitFor();
  const secret = (await page.textContent(".hy-key")).trim();
  await until("code");
  await page.keyboard.type(code(secret));
  await press(page);
  await page.locator(".hy-codes").waitFor();
});

await check("a recovery code opens once", {}, async (page) => {
  const [name, oneTime] = await fresh();
  await ownPassword(page, "desk", name, oneTime);
  const [, codes] = await bind(page, "desk");
  for (const opens of [true, false]) {
    await page.goto(at("desk", "/account"));
    await click(page, "text=退出 >> nth=0");
    await type(page, "desk", name, OWN);
    await page.fill("#code", codes[0].toUpperCase());
    await press(page);
    assert.equal(await heading(page), opens ? "待办" : "输入验证码");
    if (!opens) assert.match(await page.textContent("[role=alert]"), /已经用过/);
  }
});

await check("a password that is changed ends the sessions elsewhere, and one place can be signed out by itself", {}, async (page, context) => {
  const [name, oneTime] = await fresh();
  await ownPassword(page, "desk", name, oneTime);
  const other = await (await browser.newContext()).newPage();
  await type(other, "desk", name, OWN);
  assert.equal(await heading(other), "待办");
  await page.goto(at("desk", "/account"));
  assert.equal(await page.locator(".hy-list li").count(), 2);
  await click(page, "text=退出这一处");
  await page.waitForSelector("[role=status]");
  await other.reload();
  assert.equal(await heading(other), "登录");
  await type(other, "desk", name, OWN);
  await page.goto(at("desk", "/account/password"));
  await page.fill("#old", OWN);
  await page.fill("#new", OWN + " and a lamp");
  await page.fill("#again", OWN + " and a lamp");
  await click(page, "text=保存");
  await page.waitForSelector("[role=status]");
  await other.reload();
  assert.equal(await heading(other), "登录");
  await other.context().close();
});

// Role by role: what the menu names, and of all pages of the program the ones that open.
const own = ["account", "account/password", "account/second-factor"];
const pages = {
  desk: { all: ["/", "/board", "/calls", "/supervision", "/archive", "/files", "/papers", "/meeting", "/letters", "/reports", "/units", "/accounts", "/audit", ...own.map((one) => "/" + one), `/cases/${kase}`], admin: ["/units", "/accounts", "/audit"], dispatcher: ["/", "/board", "/calls", "/supervision", "/archive", "/files", "/papers", "/reports", "/units"], unit: ["/", "/board", "/files", "/papers", "/reports", "/units"], editor: [], reviewer: [] },
  gateway: { all: ["/kb", "/kb/review", "/kb/unit", "/ops", "/ops/sealed", "/ops/repeats", "/ops/people", "/ops/callbacks", "/ops/call-ins", "/ops/polls", "/staff/accounts", "/staff/audit", ...own.map((one) => "/staff/" + one)], admin: ["/kb", "/ops", "/staff/accounts", "/staff/audit"], editor: ["/kb"], reviewer: ["/kb"], dispatcher: ["/ops/callbacks", "/ops/sealed", "/ops/repeats", "/ops/people", "/ops/call-ins", "/ops/polls"], unit: ["/kb/review", "/kb/unit"] },
};
for (const [door, { all, ...roles }] of Object.entries(pages)) {
  await check(`each role sees exactly its pages: ${door}`, {}, async () => {
    for (const [role, menu] of Object.entries(roles)) {
      const context = await browser.newContext({ locale: "zh-CN" });
      const page = await context.newPage();
      await inside(page, door, role);
      await page.goto(at(door, "/account"));
      const named = await page.locator("nav[aria-label=主导航] a").evaluateAll((links) => links.map((one) => one.getAttribute("href")));
      assert.deepEqual(named.sort(), [...menu].sort(), role);
      const open = [];
      for (const path of all) if ((await page.goto(doors[door].base + path)).status() === 200) open.push(path);
      const unlisted = { "desk dispatcher": [`/cases/${kase}`, "/meeting", "/letters"], "gateway editor": ["/kb/review"], "gateway reviewer": ["/kb/review"] };
      const cases = unlisted[`${door} ${role}`] ?? []; // a unit's cases are the ones sent to it
      const others = open.filter((path) => !own.some((one) => path.endsWith(one)) && !(role === "unit" && path.startsWith("/cases/")));
      assert.deepEqual(others.sort(), [...menu, ...cases].sort(), role);
      assert.equal(open.length - others.length >= own.length, true, role);
      await context.close();
    }
  });
}

await check("a new case is announced while nothing moves, and a list that is paused stays as it is", {}, async (page, context) => {
  const arrives = async () => {
    const letter = new FormData();
    const words = { subject: "举报", body: "举报示例局有人收钱办事，今天又是一次。", name: "样例乙", phone: "13900000001", public: "false", confidential: "true", anonymous: "false" };
    for (const [name, value] of Object.entries(words)) letter.append(name, value);
    const answer = await fetch(`${gateway}/api/mailbox/letters`, { method: "POST", body: letter, headers: { "Idempotency-Key": `e2e-live-${process.pid}-${Math.random()}` } });
    assert.equal(answer.status, 201);
  };
  await inside(page, "desk", "dispatcher");
  await page.goto(at("desk", "/"));
  await page.waitForFunction(() => document.querySelector("[data-said]").textContent.startsWith("实时更新中"));
  const link = page.locator("[data-rows] a").last();
  await link.scrollIntoViewIfNeeded();
  await link.focus();
  await page.waitForFunction((one) => one.getBoundingClientRect().bottom <= innerHeight, await link.elementHandle());
  await page.evaluate(() => new Promise(requestAnimationFrame));
  const before = await link.boundingBox();
  const rows = await page.locator("[data-number]").count();
  await arrives();
  await page.locator("[data-news]").waitFor({ timeout: 30000 });
  assert.match(await page.textContent("[data-news-said]"), /刚到\d+件/);
  assert.deepEqual(await link.boundingBox(), before);
  assert.equal(await link.evaluate((one) => one === document.activeElement), true);
  assert.equal(await page.locator("[data-number]").count(), rows);
  // The line of news lies over whatever is at the foot of the window; it is scrolled out from under it.
  const found = (await look(page, context, "desk inbox live", PHONE.width)).filter((one) => !one.startsWith('target-size a[href="/cases/'));
  await page.click("[data-pause]");
  assert.equal(await page.textContent("[data-said]"), "更新已暂停。");
  await click(page, "[data-show]");
  assert.equal(await page.locator("[data-number]").count() >= Math.min(rows + 1, 50), true); // a page holds no more
  assert.equal(await page.getAttribute("[data-pause]", "aria-pressed"), "true");
  return found;
});

await check("the inbox is read and filtered without JavaScript", { javaScriptEnabled: false }, async (page) => {
  await inside(page, "desk", "dispatcher");
  await page.goto(at("desk", "/"));
  assert.equal(await page.locator("[data-pause]").isVisible(), false);
  await page.click("summary");
  await page.fill("#q", kase.slice(-6).toLowerCase());
  await click(page, "button:text-is('查找')");
  assert.deepEqual(await page.locator("[data-number]").evaluateAll((rows) => rows.map((one) => one.dataset.number)), [kase]);
});

await check("another role takes effect at once", {}, async (page) => {
  const [name, oneTime] = await fresh();
  await ownPassword(page, "desk", name, oneTime);
  const admin = await (await browser.newContext()).newPage();
  await enter(admin, "desk", "admin");
  await admin.goto(at("desk", "/accounts"));
  await click(admin, `th a:text-is('${name}')`);
  await admin.selectOption("#role", "reviewer");
  await click(admin, "button:text-is('保存')");
  await admin.waitForSelector("[role=status]");
  await page.goto(at("desk", "/"));
  assert.equal(await heading(page), "登录");
  await type(page, "desk", name, OWN);
  await page.goto(at("desk", "/"));
  assert.match(await heading(page), /不能做这件事/);
  await admin.selectOption("#why-lock", "left");
  await click(admin, "button:text-is('停用')");
  await admin.waitForSelector("[role=status]");
  await type(page, "desk", name, OWN);
  assert.match(await page.textContent("[role=alert]"), /账号或密码不对/);
  await admin.context().close();
});

await check("the cookies of both programs live side by side and no script reads them", {}, async (page, context) => {
  await enter(page, "desk", "dispatcher");
  await enter(page, "gateway", "editor");
  await page.goto(at("desk", "/"));
  assert.equal(await heading(page), "待办");
  assert.equal(await page.evaluate(() => document.cookie), "");
  const cookies = (await context.cookies()).filter((one) => one.name.endsWith("_staff"));
  assert.deepEqual(cookies.map((one) => [one.name, one.httpOnly, one.sameSite]).sort(), [["huying_desk_staff", true, "Lax"], ["huying_gateway_staff", true, "Lax"]]);
});

// The last one: it locks this machine's address, and the test that runs this forgives it.
for (const viewport of [PHONE, DESK]) {
  await check(`ten wrong tries lock, and the page says for how long ${viewport.width}`, { viewport }, async (page, context) => {
    for (let tries = 0; tries < 10; tries++) await type(page, "desk", "locked-out", "wrong");
    await type(page, "desk", "dispatcher", passwords["desk dispatcher"]);
    assert.match(await page.textContent("[role=alert]"), /请过1?\d分钟再试/);
    return look(page, context, "desk locked out", viewport.width);
  });
}

await browser.close();
