// Keeps an open inbox current: what stands on the page changes in place, new cases are announced and wait to be asked
// for, so that nothing moves under somebody's eyes, pointer or focus. Without it the list is read by "刷新".
const page = document.getElementById("live");
const part = (name) => page.querySelector(`[data-${name}]`);
const EVERY = 60000; // clocks on the page go on
const AT_LEAST = 3000; // between two looks
const KEPT = "huying-inbox-paused";
const title = document.title;

let paused = sessionStorage.getItem(KEPT) === "yes";
let stream = null;
let used = false; // whether somebody touched the page since it last asked: only that keeps a session from growing old
let waiting = 0;
let lastLook = Date.now();
let fresh = 0;
let alarms = 0;

for (const what of ["pointermove", "keydown", "touchstart"]) addEventListener(what, () => { used = true; }, { passive: true });

// What is said again is not read out again.
function say(name, text) {
  if (part(name).textContent !== text) part(name).textContent = text;
}

function announce() {
  say("said", paused ? "更新已暂停。" : `实时更新中，${page.dataset.now}。`);
  say("news-said", fresh ? `刚到${fresh}件。` : "");
  say("show", `更新列表（新到${fresh}件）`);
  say("alarm", alarms ? `刚到${alarms}件特急，请马上看。` : "");
  part("news").hidden = !fresh;
  part("alarm").hidden = !alarms;
  document.title = fresh ? `（${fresh}）${title}` : title;
}

// Rows keep their place and height as far as their words allow; the link in front, which may have the focus, stays.
function refreshRow(row, now) {
  const cells = [...row.cells].slice(1);
  const others = [...now.cells].slice(1);
  cells.forEach((cell, place) => { if (cell.innerHTML !== others[place].innerHTML) cell.replaceWith(document.importNode(others[place], true)); });
}

function show(found) {
  const tabs = [...part("tabs").querySelectorAll("a")];
  found.querySelectorAll("[data-tabs] a").forEach((tab, place) => { tabs[place].textContent = tab.textContent; });
  const rows = new Map([...found.querySelectorAll("[data-number]")].map((row) => [row.dataset.number, row]));
  for (const row of page.querySelectorAll("[data-number]")) {
    const now = rows.get(row.dataset.number);
    if (now) refreshRow(row, now);
  }
}

function over(text) {
  if (stream) stream.close();
  stream = null;
  paused = true;
  part("alarm").hidden = false;
  say("alarm", text);
  part("pause").hidden = true;
  say("said", "更新已停止。");
}

async function look() {
  waiting = 0;
  lastLook = Date.now();
  const address = new URL(location.href);
  if (!used) address.searchParams.set("live", "1");
  used = false;
  let found;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (answer.status >= 500) throw new Error(String(answer.status));
    found = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    say("said", "暂时连不上，正在重试。");
    return;
  }
  if (!found.querySelector("[data-tabs]")) return over("登录已过期，不再更新。请刷新页面重新登录。");
  page.dataset.now = found.getElementById("live").dataset.now;
  show(found);
  announce();
}

function soon() {
  if (!waiting && !paused) waiting = setTimeout(look, Math.max(0, lastLook + AT_LEAST - Date.now()));
}

function listen() {
  if (stream || paused || document.hidden) return;
  stream = new EventSource(`${page.dataset.events}?live=1`);
  stream.addEventListener("begun", soon); // also after a break, in which something may have been missed
  stream.addEventListener("news", (event) => {
    const news = JSON.parse(event.data);
    fresh += news.new;
    alarms += news.alarms;
    soon();
  });
  stream.onerror = () => { if (stream && stream.readyState === EventSource.CLOSED) { stream = null; soon(); } };
}

// A browser holds few connections for all its tabs: those that nobody sees let theirs go.
function rest() {
  if (stream) stream.close();
  stream = null;
}

function pause(now) {
  paused = now;
  sessionStorage.setItem(KEPT, now ? "yes" : "");
  part("pause").setAttribute("aria-pressed", String(now));
  if (now) rest();
  else listen();
  announce();
}

part("pause").hidden = false;
part("pause").addEventListener("click", () => pause(!paused));
document.addEventListener("visibilitychange", () => { if (document.hidden) rest(); else listen(); });
setInterval(() => { if (!document.hidden) { listen(); soon(); } }, EVERY);
pause(paused);
