"""The REST connector: an HTTP service that answers in JSON, as resources.

| file | question |
|---|---|
| `mapping` | what does the adapter's file say of the service? |
| `template` | what of a question goes where in a request? |
| `paths` | how is a value named in a JSON document? |
| `request` | what is sent for some persons? |
| `client` | how is a request sent, and when again? |
| `pace` | how fast, and how many retries in all? |
| `tls` | whom is the service to be, and who are we to it? |
| `oauth2` | which token goes with a request? |
| `strictjson` | is an answer JSON, and what does it hold? |
| `response` | does an answer say what the mapping expects? |
| `rows` | which rows has the service of some persons? |
| `connector` | how do they make a `Connector`? |
"""
