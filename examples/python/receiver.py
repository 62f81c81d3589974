"""A dispatch centre in one file: takes the events of docs/events and keeps each once. Standard library only.

    WEBHOOK_SECRET=whsec_… python examples/python/receiver.py

Environment: ``WEBHOOK_SECRET`` (two with a comma between them while it is being changed), ``PORT`` (8091),
``DATABASE`` (events.db). Replace ``on_event`` by what your system does; it sees each event once, in order for its ticket.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH, LARGEST, TOLERANCE = "/api/events", 1_000_000, 300
SECRETS = [base64.b64decode(one.removeprefix("whsec_")) for one in os.environ["WEBHOOK_SECRET"].split(",")]
DATABASE = os.environ.get("DATABASE", "events.db")
NEEDED = ("specversion", "id", "source", "type", "subject", "time", "sequence", "data")


def open_database():
    """Return a connection; one for each request, because requests come at the same time."""
    database = sqlite3.connect(DATABASE, timeout=5)
    database.executescript(
        "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS events (source TEXT, id TEXT, subject TEXT,"
        " sequence INTEGER, body TEXT, applied INTEGER DEFAULT 0, PRIMARY KEY (source, id))"
    )
    return database


def is_signed(headers, body):
    """Tell whether one of the signatures is ours and young enough (standardwebhooks.com)."""
    id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id or not stamp.isdecimal() or abs(time.time() - int(stamp)) > TOLERANCE:
        return False
    signed = f"{id}.{stamp}.".encode() + body
    right = [b"v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)) for secret in SECRETS]
    given = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(one, other) for one in right for other in given)


def read_event(body):
    """Return the event, or None for what is none; fields that we do not know are no fault."""
    try:
        event = json.loads(body)
        int(event["sequence"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return event if all(name in event for name in NEEDED) and isinstance(event["data"], dict) else None


def keep(event):
    """Store an event once, then work on what its ticket has in order; tell whether it was new."""
    database = open_database()
    try:
        with database:
            database.execute("BEGIN IMMEDIATE")
            row = (event["source"], event["id"], event["subject"], int(event["sequence"]), json.dumps(event))
            new = database.execute(
                "INSERT OR IGNORE INTO events (source, id, subject, sequence, body) VALUES (?, ?, ?, ?, ?)",
                row,
            ).rowcount
            apply(database, event["subject"])
    finally:
        database.close()
    return bool(new)


def apply(database, subject):
    """Hand on the events of a ticket in their order; those that came before its ``filed`` wait for it."""
    rows = database.execute(
        "SELECT rowid, sequence, body, applied FROM events WHERE subject = ? ORDER BY sequence", (subject,)
    ).fetchall()
    if not rows or rows[0][1] != 1:
        return
    for rowid, _, body, applied in rows:
        if not applied:
            on_event(json.loads(body))
            database.execute("UPDATE events SET applied = 1 WHERE rowid = ?", (rowid,))


def on_event(event):
    """Do what your system does; nothing personal is printed here."""
    print(f"{event['type']} {event['subject']} {event['sequence']}", flush=True)


class Receiver(BaseHTTPRequestHandler):
    """Verifies, reads, keeps, then answers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Say that we are there."""
        self.answer(200 if self.path == "/healthz" else 404, {"status": "ok"})

    def do_POST(self):
        """Take one event."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST:
            self.close_connection = True
            return self.answer(413, {"title": "longer than 1 MB"})
        body = self.rfile.read(length)
        if self.path != PATH:
            return self.answer(404, {"title": "not here"})
        if not is_signed(self.headers, body):
            return self.answer(401, {"title": "signature or clock"})
        event = read_event(body)
        if event is None:
            return self.answer(422, {"title": "not an event"})
        new = keep(event)
        return self.answer(202 if new else 200, {"id": event["id"], "new": new})

    def answer(self, status, content):
        """Send a small JSON answer."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Write no addresses into the log."""


if __name__ == "__main__":
    open_database().close()
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8091"))), Receiver)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
