"""介质方式: lists of an agency without a network travel as sealed packages (R056, R066)."""
