"""Programs that do with a client library what `driver` tells them; each runs by itself."""
