// What the chat's socket does when connections break, with a socket and a clock of its own: node --test link.mjs
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Link, pauseAfter } from "../../gateway/web/assets/chat_link.js";
import { filled, megabytes } from "../../gateway/web/assets/chat_sending.js";

class FakeSocket {
  static all = [];
  constructor() { this.sent = []; this.readyState = 0; FakeSocket.all.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; }
  opens() { this.readyState = 1; this.onopen(); }
  brings(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
}
globalThis.WebSocket = FakeSocket;

function linked() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 10000 });
  FakeSocket.all = [];
  const seen = { last: "r0", heard: [], lost: 0 };
  const link = new Link("ws://here", "", { after: () => seen.last, heard: (frame) => seen.heard.push(frame), lost: () => { seen.lost += 1; } });
  link.connect();
  FakeSocket.all[0].opens();
  return { link, seen, socket: () => FakeSocket.all.at(-1) };
}

test("each connection asks for what came behind the last reply", () => {
  const { seen, socket } = linked();
  assert.deepEqual(socket().sent, [{ type: "resume", after: "r0" }]);
  seen.last = "r7";
  socket().onclose();
  assert.equal(seen.lost, 1);
  mock.timers.tick(1000);
  assert.equal(FakeSocket.all.length, 2);
  socket().opens();
  assert.deepEqual(socket().sent, [{ type: "resume", after: "r7" }]);
});

test("a message is taken, refused, or may not have arrived", async () => {
  const { link, socket } = linked();
  const taken = link.say("m1", { text: "a" });
  assert.deepEqual(socket().sent.at(-1), { type: "say", id: "m1", text: "a" });
  socket().brings({ type: "taken", id: "m1" });
  assert.equal((await taken).type, "taken");
  const refused = link.say("m2", {});
  socket().brings({ type: "error", id: "m2", problem: { status: 413 } });
  assert.equal((await refused).problem.status, 413);
  const silent = link.say("m3", {});
  mock.timers.tick(8000);
  assert.equal(await silent, undefined);
  const broken = link.say("m4", {});
  socket().onclose();
  assert.equal(await broken, undefined);
  assert.equal(await link.say("m5", {}), undefined);
});

test("a frame behind a gap is put by and what is missing asked for, not more than once a second", () => {
  const { link, seen, socket } = linked();
  mock.timers.tick(1001);
  assert.equal(link.lacks({ type: "lines", after: "r0" }), false);
  assert.equal(link.lacks({ type: "lines" }), false);
  assert.equal(link.lacks({ type: "whole", last: null }), true, "the server never heard what the page has");
  mock.timers.tick(1001);
  assert.equal(link.lacks({ type: "lines", after: "r5" }), true);
  assert.equal(link.lacks({ type: "whole", last: "r6" }), true);
  assert.equal(socket().sent.length, 3);
  seen.last = "r6";
  assert.equal(link.lacks({ type: "whole", last: "r6" }), false);
});

test("a socket that slept is asked, and left for another when it is silent", () => {
  const { link, socket } = linked();
  link.wake();
  socket().brings({ type: "whole", last: "r0" });
  mock.timers.tick(6000);
  assert.equal(link.open, true);
  link.wake();
  mock.timers.tick(5000);
  assert.equal(link.open, false);
  mock.timers.tick(1000);
  assert.equal(FakeSocket.all.length, 2);
});

test("a socket that never answers what it was asked when it opened is left for another", () => {
  const { link, seen, socket } = linked();
  mock.timers.tick(3000);
  link.wake(); // asking again is no answer
  mock.timers.tick(2000);
  assert.equal(link.open, false);
  assert.equal(seen.lost, 1);
  mock.timers.tick(1000);
  socket().opens();
  assert.deepEqual(socket().sent, [{ type: "resume", after: "r0" }]);
});

test("pages come back ever later, never all at once, at most half a minute apart", () => {
  for (const chance of [0, 0.5, 1]) for (let tries = 0; tries < 40; tries++) {
    const pause = pauseAfter(tries, chance);
    assert.ok(pause >= 500 && pause <= 30000);
  }
  assert.ok(pauseAfter(0, 0) < pauseAfter(0, 1) && pauseAfter(0, 1) < pauseAfter(3, 0));
});

test("sizes are rounded up and blanks filled", () => {
  assert.equal(megabytes(10 * 1024 * 1024 + 1), "10.1");
  assert.equal(filled("“{name}”{n}兆{x}", { name: "{n}", n: 3 }), "“{n}”3兆{x}");
});
