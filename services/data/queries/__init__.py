"""Questions put to the tables of records: who may, in which order, from where on, and what an answer shows."""
