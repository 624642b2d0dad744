"""Step, outbox, loop, timers; hub and node are assembled here.

| question | files |
|---|---|
| how does a batch of records become one transaction? | step, opening, endings, positions, router |
| what does handling one record do, all at the end? | work, signing |
| what does a centre do with a verified message? | requester, reviewer, provider, cut_off |
| what goes round, and goes on after trouble? | loop, readers, outbox |
| what is a participant's process made of? | assemble, office, binding, run, hub |
| which directory is in force? | directory, directory_publisher |
| which topics and rights follow it? | admin_directory, rights_follower |
| what can an operator do and see? | service, review_service, views, proof |
| how is the audit chain signed and stamped? | audit_heads, timestamping |
| what do metrics and warnings show? | gauges, open_rows, certificates |
| who takes part, and who renews? | admission/ |
| does a participant do what the specification says? | conformance/ |
"""
