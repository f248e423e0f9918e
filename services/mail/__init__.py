"""mail: what people are told by e-mail. Owns recipients and deliveries."""
