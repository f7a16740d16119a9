"""The named cases of the protocol, run against any server that speaks it.

`spec/conformance/cases.toml` says what the cases are; `checks` holds what each does. Needs no
test tool and nothing of a test. Start reading at `run`.
"""
