// The page's socket: opened again whenever it is lost, and told each time what the page already shows.
// It knows nothing of the page; what does not get through here is posted.

const ACK = 8000; // milliseconds in which the server says that it has a message
const PROBE = 5000; // in which a socket must answer what it is asked
const ASK_AGAIN = 1000; // between two questions for what is missing
const LONGEST = 30000;

/** Milliseconds to the next try after `tries` in vain; `chance` of 0 to 1 keeps pages from coming back all at once. */
export const pauseAfter = (tries, chance) => Math.min(LONGEST, 1000 * 2 ** tries) * (0.5 + chance / 2);

export class Link {
  /** `after()` is the last reply that the socket brought; `heard(frame)` gets every frame, `lost()` is told. */
  constructor(address, token, { after, heard, lost }) {
    Object.assign(this, { address, protocols: ["huying.v1", ...(token ? [`token.${token}`] : [])], after, heard, gone: lost, tries: 0, waits: new Map() });
  }

  get open() { return Boolean(this.socket) && this.socket.readyState === 1; }

  connect() {
    clearTimeout(this.timer);
    if (this.socket) return;
    try { this.socket = new WebSocket(this.address, this.protocols); } catch { return; } // a page without sockets posts
    this.socket.onopen = () => this.resume();
    this.socket.onmessage = (event) => { this.tries = 0; this.heardOf(); this.take(JSON.parse(event.data)); };
    this.socket.onclose = () => this.lost();
  }

  /** Ask for what was said since; used again after sleep, when a socket may be open and dead. */
  wake() {
    if (this.open) this.resume();
    else this.connect();
  }

  /** Resolves to the `taken` or `error` frame about the message, or to nothing when it may not have arrived. */
  say(id, values) {
    if (!this.open) return Promise.resolve();
    this.socket.send(JSON.stringify({ type: "say", ...values, id }));
    return new Promise((resolve) => {
      const done = (frame) => { clearTimeout(timer); this.waits.delete(id); resolve(frame); };
      const timer = setTimeout(done, ACK);
      this.waits.set(id, done);
    });
  }

  /**
   * Whether something before `frame` never came; what is missing is then asked for, once in a while. Without a value
   * (null) the server never heard what this page has; frames that no place is kept for have no such field.
   */
  lacks({ type, after, last }) {
    const before = type === "whole" ? last : after;
    if (before === undefined || before === this.after()) return false;
    if (Date.now() - this.asked > ASK_AGAIN) this.resume();
    return true;
  }

  resume() {
    this.asked = Date.now();
    this.socket.send(JSON.stringify({ type: "resume", after: this.after() }));
    if (!this.probe) this.probe = setTimeout(() => this.lost(), PROBE);
  }

  heardOf() {
    clearTimeout(this.probe);
    this.probe = null;
  }

  take(frame) {
    this.heard(frame);
    const done = (frame.type === "taken" || frame.type === "error") && this.waits.get(frame.id);
    if (done) done(frame);
  }

  lost() {
    const socket = this.socket;
    if (!socket) return;
    this.heardOf();
    this.socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    for (const done of [...this.waits.values()]) done();
    this.gone();
    this.timer = setTimeout(() => this.connect(), pauseAfter(this.tries++, Math.random()));
  }
}
