"""An Azure on loopback, which knows only what Microsoft's own descriptions know."""
