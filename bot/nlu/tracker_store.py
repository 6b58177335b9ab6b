"""Keeps Rasa's trackers in memory: one place fewer where residents' words are written down.

The conversation itself is in the app's database. What is here is the state of the dialogue: slots, and where the guide
to reporting stands. It is bounded, forgotten when Rasa ends, and erased with a conversation. Rasa's own SQL store takes
half of Rasa's share of a turn (docs/architecture.md); its in-memory store writes and reads JSON at each turn and never
forgets.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Iterable, List, Optional

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActiveLoop, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker


class MemoryTrackerStore(TrackerStore):
    """The events of the last conversations, each bounded."""

    def __init__(
        self,
        domain: Optional[Domain],
        event_broker: Optional[EventBroker] = None,
        max_conversations: int = 5000,
        max_events: int = 120,
        **kwargs: Any,
    ) -> None:
        """`max_events`: kept of a conversation when it has twice as many; about seven belong to a turn."""
        super().__init__(domain, event_broker, **kwargs)
        self._max_conversations = max_conversations
        self._max_events = max_events
        self._events: OrderedDict[str, List[Event]] = OrderedDict()

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the tracker's events; the longest unused conversation makes room for a new one."""
        events = list(tracker.events)
        if len(events) > 2 * self._max_events:
            events = self._shorten(tracker, events)
        self._events[tracker.sender_id] = events
        self._events.move_to_end(tracker.sender_id)
        while len(self._events) > self._max_conversations:
            self._events.popitem(last=False)

    def _shorten(self, tracker: DialogueStateTracker, events: List[Event]) -> List[Event]:
        """The last events, after the slots as they are, and after the start of the form that runs."""
        last = events[-self._max_events :]
        before: List[Event] = [
            SlotSet(name, slot.value) for name, slot in tracker.slots.items() if slot.value is not None
        ]
        if tracker.active_loop_name and not any(isinstance(event, ActiveLoop) for event in last):
            before.append(ActiveLoop(tracker.active_loop_name))
        return [*before, *last]

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """A tracker of its own: what a turn that fails did to it is not kept."""
        events = self._events.get(sender_id)
        if events is None:
            return None
        return DialogueStateTracker.from_events(sender_id, events, self.domain.slots, domain=self.domain)

    async def keys(self) -> Iterable[str]:
        """The conversations that are kept."""
        return list(self._events)

    def forget(self, sender_id: str) -> None:
        """Delete all of a conversation."""
        self._events.pop(sender_id, None)
