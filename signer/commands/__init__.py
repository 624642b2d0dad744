"""Commands of this room, found by `hedui` through the entry-point group `hedui.commands`."""
