"""Every decision of the bus's protocol as a pure function of plain values.

Relay, feed, keeping and consumer call them, and so does the model in `shared/bus/tests/model`, which explores what
comes of them when processes die or sleep between any two steps. Where SQL decides instead, for speed, a test holds the
SQL and the function here to the same answer.
"""
