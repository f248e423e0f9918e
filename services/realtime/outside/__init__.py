"""Events for services that stand outside: what they tell, what they may read, and from where they read on."""
