"""Shadow AI scanner: find the AI nobody registered, and reconcile it with the AI registry."""

from __future__ import annotations

__version__ = "0.1.0"
