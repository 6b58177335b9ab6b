"""What to say becomes a reply: rendered in the resident's language from the content and the catalogs."""
