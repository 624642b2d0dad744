"""Who calls, and may they: named operators, their tokens, the door they come through.

| file | question |
|---|---|
| gate.py | may this call be made, and by whom is it? |
| tokens.py | what does a token look like, and is it the one we know? |
| failures.py | how many wrong tokens came from where? |
| operators.py | who are the operators, and who made them so? |
"""
