"""What mail does, free of HTTP, broker and SMTP."""
