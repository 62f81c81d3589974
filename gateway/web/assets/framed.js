// The chat inside a frame of another site, where cookies may be blocked: the page brings a token, which goes along with
// every request; a reload of the site goes on with the first one. Loaded before the chat's own script.
const framed = document.querySelector("template[data-framed]");
const allowed = framed.dataset.origins.split(" ");
const KEY = "huying.token";
const fresh = framed.dataset.token;

let kept = null;
try { kept = sessionStorage.getItem(KEY); sessionStorage.setItem(KEY, kept || fresh); } catch { /* storage may be forbidden: the page's own token then */ }
const token = kept || fresh;
document.querySelector("huying-chat").dataset.token = token; // for what is no fetch: the socket, and files

const ask = window.fetch.bind(window);
window.fetch = (url, options = {}) => ask(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });

// What was said before the reload.
if (kept) {
  window.fetch("/chat").then((response) => response.text()).then((text) => {
    const said = new DOMParser().parseFromString(text, "text/html").querySelectorAll("[role=log] > ol > li");
    const list = document.querySelector("[role=log] > ol");
    if (said.length > 1 && list.children.length === 1) list.replaceChildren(...[...said].map((line) => document.importNode(line, true)));
  }).catch(() => { /* away for the moment: one can write all the same */ });
}

// Closing is the site's business, and only an allowed one that has said who it is is told.
let site = "";
const button = document.querySelector("[data-close]");
const close = () => { if (site) parent.postMessage({ huying: "close" }, site); };
addEventListener("message", (event) => {
  if (event.source !== parent || !allowed.includes(event.origin) || !event.data || event.data.huying !== "open") return;
  site = event.origin;
  button.hidden = false;
});
button.addEventListener("click", close);
addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.isComposing) close(); });
