"""What a model may have done while it answers: the `Tool` port.

`fetch_page` is the tool. Which tools are offered is a setting; none are by default.
"""
