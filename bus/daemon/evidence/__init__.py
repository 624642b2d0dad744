"""Evidence (证明材料): the archive, what the hub calls up, what a requester produces (R022-R026).

| file | side | what it does |
|---|---|---|
| archive.py | both | files in and out of the store, chunk by chunk, sealed |
| incoming.py | both | which of these a message belongs to |
| keeping.py | both | a call in the books, and its term among the deadlines |
| calling.py | hub | calls up, draws, takes manifests and chunks |
| checking.py | hub | looks at whole files once all their chunks are here |
| terms.py | hub | warns, notes what is overdue, and what follows from it |
| producing.py | requester | takes calls and notices, makes manifests |
| sending.py | requester | sends what manifests list, a few chunks at a time |
| running.py | both | the timers, and the rules by configuration |
| service.py | both | what operators can do |
"""
