// <huying-chat>: sends what the forms of the page hold and shows the lines that the server renders.
// Light DOM: the history, labels and styles are the page's; without this script every form works as it is.
// No decision is made here, and nothing from a citizen or a reply is ever parsed as markup by us:
// lines come from our own templates, texts go through textContent.

import { Link } from "./chat_link.js";
import { AGAIN, equip } from "./chat_sending.js";

const DRAFT = "huying.draft";
const POLLS = [2, 3, 5, 8, 13, 20, 30, 30, 30, 30, 30, 30]; // seconds between looks for a late reply
const LONGEST_REQUEST = 20000;
const NEAR_END = 80;
const OFFLINE_AFTER = 3000; // milliseconds for which a lost socket is no news

const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

const kept = {
  get: () => { try { return sessionStorage.getItem(DRAFT) || ""; } catch { return ""; } },
  set: (text) => { try { text ? sessionStorage.setItem(DRAFT, text) : sessionStorage.removeItem(DRAFT); } catch { /* storage may be forbidden */ } },
};

class HuyingChat extends HTMLElement {
  connectedCallback() {
    this.log = this.querySelector(".hy-log");
    this.list = this.querySelector("[role=log] > ol");
    this.alarm = this.querySelector("[data-alarm]");
    this.news = this.querySelector(".hy-news");
    this.compose = this.querySelector("form.hy-compose");
    this.box = this.compose.elements.text;
    this.words = this.querySelector("[data-words]").dataset;
    this.banner = this.querySelector("[data-link]");
    this.queue = Promise.resolve();
    this.entries = new Map(); // said here and not yet answered, by id
    const lines = [...this.list.children];
    const last = lines.map((line) => Boolean(line.dataset.reply)).lastIndexOf(true);
    this.last = last < 0 ? "" : lines[last].dataset.reply; // of the replies on record, the last that the socket brought
    this.told = new Set(lines.slice(0, last + 1).map((line) => line.dataset.said)); // what was said, as far as the record was told
    this.link = new Link(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/chat/ws`, this.dataset.token, {
      after: () => this.last, heard: (frame) => this.heard(frame), lost: () => this.linked(false),
    });
    this.listen();
    equip(this, this.querySelector(".hy-more"));
    if (!this.box.value) this.box.value = kept.get();
    this.grow();
    if (this.log.querySelector("#latest, [data-reply]")) this.toEnd(); // a new conversation begins with its greeting
    this.link.connect();
    if (this.querySelector("[data-waiting]")) this.lookAgain(0);
  }

  disconnectedCallback() { this.link.lost(); clearTimeout(this.link.timer); }

  listen() {
    this.addEventListener("submit", (event) => this.submitted(event));
    // Safari before 15.4 does not say which button sent a form.
    this.addEventListener("click", (event) => { this.pressed = event.target.closest("button"); }, true);
    this.box.addEventListener("keydown", (event) => {
      const composing = event.isComposing || event.keyCode === 229;
      if (event.key === "Enter" && !event.shiftKey && !composing) { event.preventDefault(); this.sayTyped(); }
    });
    this.box.addEventListener("input", () => { kept.set(this.box.value); this.grow(); });
    this.news.firstElementChild.addEventListener("click", () => { this.toEnd(); this.box.focus(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.link.wake(); });
    for (const event of ["online", "pageshow"]) window.addEventListener(event, () => this.link.wake());
    window.addEventListener("offline", () => this.linked(false));
    this.log.addEventListener("scroll", () => { if (this.atEnd()) this.news.hidden = true; }, { passive: true });
  }

  submitted(event) {
    const form = event.target;
    if (form.getAttribute("action") !== "/chat" || form.hasAttribute("data-plain")) return;
    event.preventDefault();
    if (form === this.compose) this.sayTyped();
    else this.choose(form, event.submitter || this.pressed);
  }

  sayTyped() {
    const text = this.box.value.trim();
    this.box.focus();
    if (!text) return;
    this.box.value = "";
    this.box.rows = 1;
    kept.set("");
    this.grow();
    this.send(text, { text });
  }

  choose(form, button) {
    if (!button || !button.name || form.hasAttribute("data-busy")) return;
    const values = {};
    new FormData(form).forEach((value, name) => { values[name] = value; });
    values[button.name] = button.value;
    this.log.focus({ preventScroll: true }); // the button goes away; the reading place must not
    this.send(button.textContent.trim(), values, form);
  }

  send(text, values, form) {
    const id = newId();
    const line = this.line("mine", text);
    line.dataset.said = id;
    const entry = { id, text, values: { ...values, id }, form, line, tries: 0 };
    this.entries.set(id, entry);
    this.busy(entry, true);
    this.list.append(line);
    this.wait(entry);
    this.toEnd();
    this.queue = this.queue.then(() => this.deliver(entry));
  }

  async deliver(entry) {
    const told = entry.tries ? null : await this.link.say(entry.id, entry.values);
    if (!this.entries.has(entry.id)) return; // answered meanwhile
    if (told && told.silent) { this.settle(entry); this.told.add(entry.id); } // a person answers, when they do
    else if (told && told.type === "taken") this.later(entry);
    else if (told) this.refused(entry, told.problem.status, told.problem.title);
    else await this.post(entry);
  }

  async post(entry, lost = 0) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), LONGEST_REQUEST);
    try {
      const response = await fetch("/chat/say", {
        method: "POST", body: new URLSearchParams(entry.values), credentials: "same-origin", signal: stop.signal,
        headers: { Accept: "text/html, application/problem+json" },
      });
      if (response.status === 202) this.later(entry);
      else if (response.ok) this.show(parse(await response.text()), [entry]);
      else this.refused(entry, response.status, (await response.json()).title);
    } catch {
      if (entry.tries) this.later(entry);
      else if (lost === AGAIN.length || !navigator.onLine) this.fail(entry, this.words.lost, true);
      else {
        await new Promise((resolve) => setTimeout(resolve, AGAIN[lost]));
        if (this.entries.has(entry.id)) await this.post(entry, lost + 1);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  // The same id again returns what has been settled since: nothing is said twice.
  later(entry) {
    const pause = POLLS[entry.tries++];
    if (!pause) this.label(entry.waiting, this.words.gone);
    else setTimeout(() => {
      if (!this.entries.has(entry.id)) return;
      this.label(entry.waiting, this.words.late);
      this.post(entry);
    }, pause * 1000);
  }

  refused(entry, status, title) {
    const again = status === 429 || status >= 500;
    this.fail(entry, `${this.words.failed}：${title}`, again);
    if (!again && !entry.form && !this.box.value) { this.box.value = entry.text; kept.set(entry.text); this.grow(); }
  }

  fail(entry, why, again) {
    entry.tries = 0;
    entry.waiting.remove();
    this.busy(entry, false);
    const note = this.querySelector("template[data-failed]").content.cloneNode(true);
    note.querySelector("[data-text]").textContent = why;
    const row = note.querySelector(".hy-row");
    row.firstElementChild.addEventListener("click", () => this.sendAgain(entry));
    if (!again) row.remove();
    entry.line.append(note);
    this.alarm.textContent = why;
    this.toEnd();
  }

  sendAgain(entry) {
    this.clear(entry);
    this.busy(entry, true);
    this.wait(entry);
    this.log.focus({ preventScroll: true });
    this.queue = this.queue.then(() => this.deliver(entry));
  }

  heard(frame) {
    this.linked(true);
    // A frame behind one that never came is put by: what is missing comes first when it is asked for again.
    if (this.link.lacks(frame)) return;
    if (frame.type === "lines") {
      const page = parse(frame.html);
      this.show(page);
      if (!frame.last) return; // what could not wait for the record
      this.last = frame.last;
      page.querySelectorAll("li[data-reply]").forEach((line) => this.told.add(line.dataset.to));
    } else if (frame.type === "whole") this.querySelectorAll("[data-waiting]").forEach((line) => { if (this.isAnswered(line.dataset.waiting)) line.remove(); });
  }

  linked(open) {
    clearTimeout(this.away);
    if (open) { this.met = true; this.tell(""); }
    else this.away = setTimeout(() => this.tell(navigator.onLine ? (this.met ? this.words.parted : "") : this.words.offline), OFFLINE_AFTER);
  }

  tell(words) {
    if (this.banner.textContent === words) return;
    this.banner.textContent = words;
    this.banner.hidden = !words;
  }

  isAnswered(id) { return this.lines("to", id).length > 0; }

  lines(name, id) { return [...this.list.children].filter((line) => line.dataset[name] === id); }

  // What is known already is passed over: the same line may come by the socket, by an answer and by a look.
  show(page, answered = []) {
    const fresh = [...page.querySelectorAll("li[data-reply], li[data-said]")].filter((line) =>
      line.dataset.reply ? !this.lines("reply", line.dataset.reply).length : !this.lines("said", line.dataset.said).length,
    ).map((line) => document.importNode(line, true));
    const replies = fresh.filter((line) => line.dataset.reply);
    [...answered, ...replies.map((line) => this.entries.get(line.dataset.to))].forEach((entry) => this.settle(entry));
    if (!fresh.length) return;
    const atEnd = this.atEnd();
    if (replies.length) this.retire();
    fresh.forEach((line) => this.place(line));
    const urgent = replies.find((line) => line.dataset.alert);
    if (urgent) this.alarm.textContent = urgent.dataset.alert;
    if (urgent || (atEnd && !replies.some((line) => this.isUnderAlarm(line)))) this.toLine(urgent || replies[0] || fresh[0]);
    else this.news.hidden = false;
  }

  // What belongs to an emergency must not push its number out of sight.
  isUnderAlarm(line) { return this.lines("to", line.dataset.to).some((one) => one.dataset.alert); }

  // A reply stands under what it answers, and what another page said before what is not on record yet: the order in
  // which all of it stands when the page is loaded anew.
  place(line) {
    const above = line.dataset.to ? [...this.lines("said", line.dataset.to), ...this.lines("to", line.dataset.to)].pop() : null;
    const below = [...this.list.children].find((one) => one.dataset.said && !this.told.has(one.dataset.said));
    if (above) above.after(line);
    else if (below) below.before(line);
    else this.list.append(line);
  }

  settle(entry) {
    if (!entry) return;
    this.entries.delete(entry.id);
    entry.waiting.remove();
    this.clear(entry); // what was given up may have arrived all the same
  }

  clear(entry) { entry.line.querySelectorAll(".hy-err, .hy-row").forEach((part) => part.remove()); }

  // A message that was still open when the page was made: look until its replies are there.
  lookAgain(tries) {
    if (tries < POLLS.length) setTimeout(async () => {
      try {
        const response = await fetch("/chat", { credentials: "same-origin" });
        const page = parse(await response.text());
        if (response.ok && !page.querySelector("[data-waiting]") && page.querySelector("li[data-reply]")) {
          this.querySelectorAll("[data-waiting]").forEach((line) => line.remove());
          this.show(page);
          return;
        }
      } catch { /* away for the moment */ }
      this.lookAgain(tries + 1);
    }, POLLS[tries] * 1000);
  }

  // What was offered before stays readable and can no longer be chosen.
  retire() {
    for (const form of this.list.querySelectorAll("form[action='/chat']:not([data-plain])")) {
      if (form.classList.contains("hy-card")) {
        form.removeAttribute("aria-labelledby"); // nothing is asked here any more: no place to go to beside the new one
        form.querySelector("h2").textContent = this.words.checked;
        form.querySelector(".hy-lead")?.remove(); // an older one has none left
        form.querySelectorAll("button").forEach((button) => button.remove());
        form.querySelectorAll("input, textarea").forEach((field) => { field.readOnly = true; field.disabled = field.type === "checkbox"; });
      } else {
        const note = document.createElement("p");
        note.className = "hy-src hy-old";
        note.textContent = this.words.old + [...form.querySelectorAll("button")].map((button) => button.textContent.trim()).join("；");
        form.replaceWith(note);
      }
    }
  }

  busy({ form }, is) {
    if (!form) return;
    form.toggleAttribute("data-busy", is);
    form.querySelectorAll("button").forEach((button) => { is ? button.setAttribute("aria-disabled", "true") : button.removeAttribute("aria-disabled"); });
  }

  wait(entry) {
    entry.waiting = this.line("wait");
    entry.line.after(entry.waiting);
  }

  note(words) {
    const line = this.line("wait");
    this.label(line, words);
    this.list.append(line);
    this.toEnd();
  }

  line(template, text) {
    const line = this.querySelector(`template[data-${template}]`).content.firstElementChild.cloneNode(true);
    if (text) line.querySelector("[data-text]").textContent = text;
    return line;
  }

  label(line, text) {
    const place = line.querySelector("[data-text]");
    if (place.textContent !== text) { place.textContent = text; place.className = ""; }
  }

  grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight + 2, 160)}px`;
  }

  atEnd() { return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_END; }

  toEnd() { this.log.scrollTop = this.log.scrollHeight; this.news.hidden = true; }

  toLine(line) { this.log.scrollTop = Math.min(line.offsetTop - 12, this.log.scrollHeight); }
}

customElements.define("huying-chat", HuyingChat);
