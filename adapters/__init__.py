"""What an agency deploys: the contract, the connectors, the host process, and their tools.

| room | question |
|---|---|
| `values` | what exact value does a source's raw one mean, if any? |
| `numbers` | how are ID numbers compared, and in which forms are they stored? |
| `secret_file` | what is in a file that only its owner may read? |
| `contract` | what does every connector promise? |
| `records` | how do raw rows become records: the items asked for, each of its kind? |
| `mapping` | what of a source makes which resource of the catalogue? |
| `judge` | what becomes of a person, by the rows with that number? |
| `rows` | how is a source of rows made a connector? |
| `sql` | the rows of databases |
| `rest` | the rows of an HTTP service |
| `upload` | the rows of what a department hands in by template and schedule |
| `template` | the answers of people who fill a list in |
| `medium` | the same beyond a network: sealed packages on a medium |
| `registry` | which connector does `[source] kind` name? |
| `host` | how are orders verified, looked up, answered, by one process? |
| `returns` | how are lists handed out and taken back, under the whole authority? |
| `kit` | does a connector keep the contract on this source? (`hedui adapter check`) |
| `init` | which file does a new adapter need? (`hedui adapter init`) |
| `commands` | what may people do at an agency, and what do they read? |
| `country` | every participant in one process, for stories and the simulated year |
| `demo` | the whole path, shown on one machine |

Imports go from the foot of the table to its head only.
"""
