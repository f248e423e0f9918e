"""The operator's command in a container beside the others: what can be asked and done from within."""
