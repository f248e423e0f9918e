"""What files are: their names, what their first bytes tell, how they are handed out."""
