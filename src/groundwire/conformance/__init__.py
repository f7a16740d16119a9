"""The named cases of the protocol, run against any server that speaks it.

`spec/conformance/cases.toml` says what the cases are; `checks` holds what each does, to whatever
`wire` it is given: `raw` frames, or a client `library` behind a `driver`. Needs nothing of a test.
Start reading at `run`.
"""
