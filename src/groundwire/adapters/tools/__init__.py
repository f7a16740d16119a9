"""What a model may have done while it answers: the `Tool` port.

`fetch_page` is the tool, `web` the only way out to the network, `addresses` where that must not
lead. Which tools are offered is a setting; none are by default.
"""
