"""Values of records: from JSON and CSV text to what a column holds, and back."""
