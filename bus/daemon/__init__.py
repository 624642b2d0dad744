"""Step, outbox, loop, timers; hub and node are assembled here.

| question | files |
|---|---|
| how does a batch of records become one transaction? | step, opening, endings, positions, router |
| what does handling one record do, all at the end? | work, signing, naming |
| what does a centre do with a verified message? | requester, reviewer, provider, cut_off |
| what does a province do for its cities? | superior, assent_service, provincial |
| how does a query end early? | cancellation, withdrawing |
| what is late, and who is told? | timers, delays, delay_service |
| what comes again, and how? | reissuing, rechecking, recheck_service |
| what goes round, and goes on after trouble? | loop, readers, outbox |
| what is a participant's process made of? | assemble, office, binding, run, hub |
| which directory is in force? | directory, directory_publisher |
| which topics and rights follow it? | admin_directory, rights_follower |
| what can an operator do and see? | service, review_service, views, proof |
| may a result be read, and until when? | reading, retention |
| how is the audit chain signed and stamped? | audit_heads, timestamping |
| who saw what, and was that looked into? | audit_report, audit_inspection |
| what do metrics and warnings show? | gauges, measures, open_rows, certificates |
| who may call? | access/ |
| what can be asked, and who reports it? | catalogue/ |
| what proves an authorisation? | evidence/ |
| who takes part, and who renews? | admission/ |
| does a participant do what the specification says? | conformance/ |
"""
