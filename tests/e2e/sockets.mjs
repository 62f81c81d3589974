// Two tabs behind a bad network and two replicas, one of which is killed: node sockets.mjs BASE CHROMIUM PID.
import assert from "node:assert/strict";
import { check as checkIn, open } from "./looking.mjs";

const [base, program, pid] = process.argv.slice(2);
const browser = await open(program);
const check = (name, options, body) => checkIn(browser, name, options, body);
const WITHIN = { timeout: 40000 };

const told = (page) => page.evaluate(() => [...document.querySelectorAll("li[data-said], li[data-reply]")].map((line) => line.dataset.said || `${line.dataset.to}:${line.dataset.reply}`));
const said = (page) => page.locator("li[data-said]").evaluateAll((lines) => lines.map((line) => line.dataset.said));

// Asks now and then, as when a phone wakes: the last frame of all may have been lost.
async function shows(page, wanted, given) {
  for (const end = Date.now() + WITHIN.timeout; !(await page.evaluate(wanted, given)); ) {
    assert.ok(Date.now() < end, `not in ${WITHIN.timeout} ms: ${wanted}; there stands ${await page.innerText(".hy-log")}`);
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await page.waitForTimeout(1500);
  }
}
const answered = (page, ids) => shows(page, (ids) => ids.every((id) => document.querySelector(`li[data-to="${id}"]`)), ids);

// Once, and each answer under its question; the order of the record is that of the page loaded anew.
async function sound(page, other) {
  const lines = await told(page);
  assert.equal(new Set(lines).size, lines.length, "something stands there twice");
  await page.reload();
  assert.deepEqual(lines, await told(page));
  const theirs = await told(other);
  assert.deepEqual([...theirs].sort(), [...lines].sort());
}

await check("two tabs lose nothing, double nothing and keep the order where frames are lost and held up", {}, async (page, context) => {
  await page.goto(base + "/chat");
  const other = await context.newPage();
  await other.goto(base + "/chat");
  for (let n = 0; n < 12; n++) {
    await page.fill("#say", n % 3 ? `你好，第${n}次` : `谢谢，第${n}次`);
    await page.press("#say", "Enter");
  }
  const ids = await said(page);
  assert.equal(ids.length, 12);
  await answered(page, ids);
  await answered(other, ids);
  await sound(page, other);
});

await check("the replica in use is killed in the middle of an upload and of a reply", {}, async (page, context) => {
  await page.goto(base + "/chat");
  const other = await context.newPage();
  await other.goto(base + "/chat");
  await other.fill("#say", "你好");
  await page.setInputFiles("#file", { name: "经过.txt", mimeType: "text/plain", buffer: Buffer.from("每天晚上都在施工。\n".repeat(90000)) });
  await page.waitForFunction(() => document.querySelector("progress").value > 0, null, WITHIN);
  await other.press("#say", "Enter");
  process.kill(Number(pid), "SIGKILL");
  await shows(page, () => document.querySelectorAll("li[data-said]").length === 2);
  const ids = await said(page);
  await answered(page, ids);
  await answered(other, ids);
  assert.equal(await page.locator("text=没有发出去").count() + (await other.locator("text=没有发出去").count()), 0);
  await sound(page, other);
});

await browser.close();
