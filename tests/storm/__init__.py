"""Reads under faults: `tests/storm/run`, see `__main__.py`.

| Module | Contents |
|---|---|
| `kinds_store`, `kinds_source`, `kinds_process` | the kinds of fault, listed by `kinds` |
| `answers` | answers of a store that fails |
| `scenes`, `scene`, `selection`, `predicates` | random queries, with an oracle in Arrow |
| `visits` | random data for the connector `example` |
| `run_one`, `stage` | one run, and what it starts |
| `caller`, `reading`, `messages`, `blocks` | the caller of the protocol |
| `judge`, `rows` | what is wrong with a reading |
| `planted`, `planted_processes` | faults that the judge has to notice |
| `function`, `memory`, `runtime_api` | a function of 256 MB |
| `store`, `s3_http`, `s3_list`, `loopback` | an object store |
"""
