"""The gateway's record of everything: asyncpg and plain SQL, one module per aggregate."""
