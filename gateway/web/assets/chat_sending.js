// What is sent besides words: a file with its progress, a place, a voice note. Each ends in a message like any other.

const LARGEST = 10 * 1024 * 1024;
export const AGAIN = [1000, 3000]; // milliseconds to the tries that what was lost on its way makes by itself
const VOICE = ["audio/mp4", "audio/mp4;codecs=opus"]; // what browsers record and the server takes
const LONGEST_VOICE = 60;

/** Whole tenths of megabytes, rounded up: what is too large never looks as if it were not. */
export const megabytes = (size) => String(Math.ceil(size / (LARGEST / 100)) / 10);

/** The words with the values put into their blanks. */
export const filled = (words, values) => words.replace(/\{(\w+)\}/g, (blank, name) => (name in values ? values[name] : blank));

/** Uploads one file; `done(id)` gets what the server calls it. */
class Upload {
  constructor(chat, file) {
    Object.assign(this, { chat, file, tries: 0 });
    this.line = chat.line("upload", file.name);
    this.bar = this.line.querySelector("progress");
    this.bar.setAttribute("aria-label", file.name);
    this.state = this.line.querySelector("[data-state]");
    [this.again, this.cancel] = this.line.querySelectorAll("button");
    this.again.addEventListener("click", () => { this.tries = 0; this.start(); chat.log.focus({ preventScroll: true }); });
    this.cancel.addEventListener("click", () => this.give());
    chat.list.append(this.line);
    chat.toEnd();
    if (file.size > LARGEST) this.refused(filled(chat.words.large, { name: file.name, n: megabytes(file.size) }));
    else this.start();
  }

  start() {
    this.show(0);
    this.again.hidden = true;
    this.bar.hidden = false;
    const body = new FormData();
    body.append("file", this.file, this.file.name);
    const request = this.request = new XMLHttpRequest();
    request.open("POST", "/chat/files");
    request.setRequestHeader("Accept", "application/json, application/problem+json");
    if (this.chat.dataset.token) request.setRequestHeader("Authorization", `Bearer ${this.chat.dataset.token}`);
    request.upload.onprogress = (event) => { if (event.lengthComputable) this.show(Math.floor((100 * event.loaded) / event.total)); };
    request.onload = () => this.answered(request);
    request.onerror = () => this.broken(this.chat.words.broken);
    request.send(body);
  }

  answered({ status, responseText }) {
    const told = JSON.parse(responseText);
    if (status === 201) this.done(told.id);
    else if (status === 429 || status >= 500) this.broken(told.title);
    else this.refused(told.errors ? told.errors[0].detail : told.title);
  }

  done(id) {
    this.line.remove();
    this.chat.send(filled(this.chat.words.file, { name: this.file.name }), { attachments: id });
  }

  // The same file again has the same id, so trying again keeps it once.
  broken(why) {
    const pause = AGAIN[this.tries++];
    if (pause) { this.timer = setTimeout(() => this.start(), pause); return; }
    this.refused(why);
    this.again.hidden = false;
  }

  refused(why) {
    this.bar.hidden = true;
    this.say(why);
    this.chat.alarm.textContent = why;
  }

  give() {
    clearTimeout(this.timer);
    if (this.request) this.request.abort();
    this.line.remove();
    this.chat.box.focus();
  }

  // The bar moves all the time; words change where they are read out.
  show(percent) {
    this.bar.value = percent;
    const told = percent === 100 ? 100 : percent >= 50 ? 50 : 0;
    if (told !== this.told || !percent) this.say(filled(this.chat.words.sending, { n: told }));
    this.told = told;
  }

  say(words) { if (this.state.textContent !== words) this.state.textContent = words; }
}

/** Asks where the citizen is, shows how well it is known, and sends it only when they say so. */
function sendPlace(chat) {
  const wait = chat.line("wait");
  chat.label(wait, chat.words.locating);
  chat.list.append(wait);
  chat.toEnd();
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      wait.remove();
      const line = chat.line("place", filled(chat.words.located, { n: Math.ceil(coords.accuracy) }));
      const [send, leave] = line.querySelectorAll("button");
      send.addEventListener("click", () => {
        line.remove();
        chat.log.focus({ preventScroll: true });
        chat.send(chat.words.place, { lat: coords.latitude.toFixed(6), lon: coords.longitude.toFixed(6) });
      });
      leave.addEventListener("click", () => { line.remove(); chat.box.focus(); });
      chat.list.append(line);
      chat.toEnd();
    },
    () => { wait.remove(); chat.note(chat.words.nowhere); },
    { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 },
  );
}

/** Records at the press of a button until the next; the note is kept as it is, and its gist is asked for in words. */
class Voice {
  constructor(chat, button, kind) {
    Object.assign(this, { chat, button, kind, words: button.textContent });
    button.addEventListener("click", () => (this.recorder ? this.recorder.stop() : this.start()));
  }

  async start() {
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch { this.chat.note(this.chat.words.unheard); return; }
    const parts = [];
    const recorder = this.recorder = new MediaRecorder(stream, { mimeType: this.kind, audioBitsPerSecond: 32000 });
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => {
      clearTimeout(this.timer);
      stream.getTracks().forEach((track) => track.stop());
      this.recorder = null;
      this.button.textContent = this.words;
      this.chat.attach(new File(parts, this.chat.words.voice, { type: "audio/mp4" }));
      this.chat.note(this.chat.words.gist);
      this.chat.box.focus();
    };
    recorder.start();
    this.button.textContent = this.chat.words.recording;
    this.timer = setTimeout(() => recorder.stop(), LONGEST_VOICE * 1000);
  }
}

/** Puts the panel's controls to work; those that this browser cannot serve stay hidden. */
export function equip(chat, panel) {
  const files = panel.querySelector("[type=file]");
  const asks = !chat.dataset.token; // in a frame of another site a page may ask for nothing
  const shown = (name, can) => { const button = panel.querySelector(`[data-${name}]`); button.hidden = !can; return button; };
  chat.attach = (file) => new Upload(chat, file);
  files.multiple = true;
  files.addEventListener("change", () => {
    for (const file of files.files) chat.attach(file);
    files.value = "";
    files.removeAttribute("capture");
    panel.open = false;
    chat.box.focus();
  });
  panel.querySelector("[data-plain]").hidden = true;
  shown("camera", matchMedia("(pointer: coarse)").matches).addEventListener("click", () => { files.setAttribute("capture", "environment"); files.click(); });
  shown("place", Boolean(asks && navigator.geolocation && isSecureContext)).addEventListener("click", () => { panel.open = false; sendPlace(chat); });
  const kind = asks && navigator.mediaDevices && window.MediaRecorder && VOICE.find((one) => MediaRecorder.isTypeSupported(one));
  const voice = shown("voice", Boolean(kind));
  if (kind) new Voice(chat, voice, kind);
}
