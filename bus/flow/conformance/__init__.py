"""入网前检测 and 巡检, pure: what the hub asks, what a participant answers, what it comes to.

| question | file | statement |
|---|---|---|
| which tests are there | checks.py | R014 |
| do envelopes go both ways | envelope.py | R014 |
| is what is wrong refused, with the right code | refusals.py | R011, R014 |
| are the clocks together | clock.py | R014 |
| does a known request give the known result | known_query.py, known_people.py | R014 |
| is it fast enough | throughput.py | R014 |
| how does a run go on | run.py | R014-R015 |
| whose turn is an inspection | inspection.py | R015 |
| what does the hub sign | report.py | R014 |
| what do people read | documents.py | R016 |

A new test is a file with `ask`, `answer` and `judge`, and an entry in checks.py. The shell
(`bus.daemon.conformance.examiner`, `bus.daemon.conformance.examinee`) sends, opens and stores.
"""
