"""The true story: a client, the people who use it, and the steps that the demo and the scenarios play."""
