"""The REST connector: an HTTP service that answers in JSON, as resources.

| file | question |
|---|---|
| `mapping` | what does the adapter's file say of the service? |
| `template` | what of a question goes where in a request? |
| `address` | where is the service, and which headers may be fixed? |
| `paths` | how is a value named in a JSON document? |
| `request` | what is sent for some persons? |
| `client` | how is a request sent, and when again? |
| `pace` | how fast, and how many retries in all? |
| `tls` | whom is the service to be, and who are we to it? |
| `oauth2` | which token goes with a request? |
| `reply` | what came back over HTTP? |
| `faults` | how is what goes wrong told, and is it asked again? |
| `strictjson` | is an answer JSON, and what does it hold? |
| `response` | does an answer say what the mapping expects? |
| `asking` | what comes of one lookup: batches, pages, halves, whose a record is? |
| `rows` | whom is the service asked about, and together with whom? |
| `connector` | how do they make a `Connector`? |
"""
