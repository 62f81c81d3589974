"""The composition root: HTTP server, pages, workers, storage, command line."""
