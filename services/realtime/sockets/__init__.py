"""The doors for sockets: each takes one event of a client and acks {"ok": ...} or {"problem": ...}."""
