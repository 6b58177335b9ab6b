"""WhatsApp, by Meta's Cloud API. A message in: webhook, inbound, receiver. A message out: sender, outbound, cloud."""
