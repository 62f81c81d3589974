"""The composition root: HTTP server, pages, workers, storage, command line."""

PROGRAM = "gateway"  #: as its accounts, cookies and audit log call it
