// Keeps the list of who waits and an open talk current by looking again; without it "刷新" does. Forms are never touched:
// what somebody types stays, and that another has taken the conversation is said beside it.
const EVERY = 5000; // milliseconds between two looks
let looking = false;

function show(found) {
  let changed = false;
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = found.querySelector(`[data-live="${part.dataset.live}"]`);
    const same = !now || now.innerHTML === part.innerHTML || part.contains(document.activeElement);
    if (!same) part.replaceChildren(...document.importNode(now, true).childNodes);
    changed = changed || !same;
  }
  const news = document.querySelector("[data-news]");
  if (changed) news.textContent = news.textContent ? `${news.dataset.some} ` : news.dataset.some;
  const state = document.querySelector("[data-state]");
  const other = found.querySelector("[data-state]");
  if (state && (!other || other.dataset.state !== state.dataset.state)) state.querySelector("[data-changed]").hidden = false;
}

async function look() {
  if (looking || document.hidden) return;
  looking = true;
  try {
    const address = new URL(location.pathname, location.href);
    address.searchParams.set("live", "1"); // looking by itself keeps no session from growing old
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* away for the moment */ }
  looking = false;
}

setInterval(look, EVERY);
document.addEventListener("visibilitychange", look);
