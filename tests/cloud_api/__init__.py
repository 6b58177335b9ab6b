"""A local Cloud API: a small server that takes what Meta's WhatsApp Business Cloud API takes, and refuses the same.

It is for tests of the WhatsApp channel, and for anyone who wants to try it without an account. It is not WhatsApp: no
message leaves the computer, nothing is encrypted, nobody is billed. It was built from what Meta publishes, not from
what this project's client sends:

* Messages API; Text, Reaction, Media, Location and Contacts messages; Interactive reply buttons, Interactive list and
  Interactive call-to-action URL button messages; Template messages; Contextual replies
* Mark messages as read; Typing indicators
* Business-scoped user IDs (2026): `recipient`, `user_id`, `from_user_id`, `recipient_user_id`
* Error codes; Graph API error handling; Throughput; Pair rate limits; Customer service windows
* Webhooks: Getting started (verification, `X-Hub-Signature-256`), Webhooks reference: messages (each type), statuses,
  message_template_status_update and the account's other fields
* Business phone numbers; Message templates; Subscribed apps; App subscriptions; Debug token
* Graph API versions

Where the reference and accounts of the live API disagree, the stricter holds, and a comment says so.
"""

from .config import Config, Number
from .running import Running, running
from .server import create_cloud

__all__ = ["Config", "Number", "Running", "create_cloud", "running"]
