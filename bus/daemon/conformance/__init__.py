"""Test runs between the hub's test peer and a participant (R014-R016).

| file | question |
|---|---|
| examiner.py | what does the hub ask, and how does it judge? |
| examinee.py | how does the side that is tested answer? |
| inspections.py | when is a run begun, and when has it ended unanswered? |
| service.py | what can operators do about test runs? |
| product.py | what does this program say it is? |
"""
