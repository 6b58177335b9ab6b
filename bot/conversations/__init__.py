"""Conversations: stored before they are acknowledged, turned one at a time, erased when asked."""
