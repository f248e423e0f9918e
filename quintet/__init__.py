"""The operator's command: starts, watches and ends one whole system on one machine."""
