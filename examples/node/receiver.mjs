// A dispatch centre in one file: takes the events of docs/events and keeps each once. No packages; Node 20 or newer.
//
//   WEBHOOK_SECRET=whsec_… node examples/node/receiver.mjs
//
// Environment: WEBHOOK_SECRET (two with a comma between them while it is being changed), PORT (8092), FILE (events.jsonl).
// Replace onEvent by what your system does; it sees each event once, in order for its ticket.
import { createHmac, timingSafeEqual } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";

const PATH = "/api/events", LARGEST = 1_000_000, TOLERANCE = 300;
const NEEDED = ["specversion", "id", "source", "type", "subject", "time", "sequence", "data"];
const FILE = process.env.FILE ?? "events.jsonl";
const secrets = process.env.WEBHOOK_SECRET.split(",").map((one) => Buffer.from(one.replace(/^whsec_/, ""), "base64"));

const known = new Set(); // source and id of every event that is kept
const tickets = new Map(); // number: events by sequence, and how far they were handed on
if (existsSync(FILE)) for (const line of readFileSync(FILE, "utf8").split("\n")) if (line) remember(JSON.parse(line), false);
const log = openSync(FILE, "a", 0o600);

function remember(event, speak = true) {
  known.add(`${event.source}\n${event.id}`);
  const ticket = tickets.get(event.subject) ?? { waiting: [], filed: false };
  tickets.set(event.subject, ticket);
  ticket.waiting.push(event);
  ticket.filed ||= Number(event.sequence) === 1;
  if (!ticket.filed) return; // what came before its ticket waits for it
  ticket.waiting.sort((one, other) => Number(one.sequence) - Number(other.sequence));
  for (const next of ticket.waiting.splice(0)) if (speak) onEvent(next);
}

// Nothing personal is printed here.
function onEvent(event) {
  console.log(`${event.type} ${event.subject} ${event.sequence}`);
}

// One of the signatures is ours and young enough (standardwebhooks.com).
function isSigned(headers, body) {
  const id = headers["webhook-id"] ?? "", stamp = headers["webhook-timestamp"] ?? "";
  if (!id || !/^[0-9]{1,11}$/.test(stamp) || Math.abs(Date.now() / 1000 - Number(stamp)) > TOLERANCE) return false;
  const given = (headers["webhook-signature"] ?? "").split(" ").map((one) => Buffer.from(one));
  return secrets.some((secret) => {
    const hash = createHmac("sha256", secret).update(`${id}.${stamp}.`).update(body).digest("base64");
    const right = Buffer.from(`v1,${hash}`);
    return given.some((one) => one.length === right.length && timingSafeEqual(one, right));
  });
}

// Fields that we do not know are no fault.
function readEvent(body) {
  try {
    const event = JSON.parse(body.toString("utf8"));
    const whole = NEEDED.every((name) => name in event) && /^[0-9]+$/.test(event.sequence);
    return whole && event.data !== null && typeof event.data === "object" ? event : null;
  } catch {
    return null;
  }
}

// On the disk before it is acknowledged.
function keep(event) {
  if (known.has(`${event.source}\n${event.id}`)) return false;
  writeSync(log, `${JSON.stringify(event)}\n`);
  fsyncSync(log);
  remember(event);
  return true;
}

function take(request, body) {
  if (request.url !== PATH || request.method !== "POST") return [request.url === "/healthz" ? 200 : 404, { status: "ok" }];
  if (!isSigned(request.headers, body)) return [401, { title: "signature or clock" }];
  const event = readEvent(body);
  if (event === null) return [422, { title: "not an event" }];
  const fresh = keep(event);
  return [fresh ? 202 : 200, { id: event.id, new: fresh }];
}

const server = createServer((request, response) => {
  const chunks = [];
  let size = 0;
  const answer = ([status, content]) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(content));
  };
  request.on("data", (chunk) => {
    size += chunk.length;
    if (size <= LARGEST) chunks.push(chunk);
  });
  request.on("end", () => answer(size > LARGEST ? [413, { title: "longer than 1 MB" }] : take(request, Buffer.concat(chunks))));
});
server.listen(Number(process.env.PORT ?? 8092), "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
process.on("SIGTERM", () => { server.close(); server.closeAllConnections(); closeSync(log); process.exit(0); });
