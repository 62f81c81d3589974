"""SQL of the desk, one module per aggregate; every function runs inside the caller's transaction."""
