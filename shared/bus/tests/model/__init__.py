"""A model of the bus: its processes take one small step at a time, and anything happens between any two steps.

Every decision in it is a function of `shared.bus.decisions`, the same that relay, feed and consumer call; what the
model adds is a database (one commit at a time), a broker that may do as it likes, time, and what can go wrong.
"""
