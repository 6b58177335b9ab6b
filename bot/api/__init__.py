"""The routes that programs ask: the website's chat, and Meta's webhook."""
