"""A registered model over HTTP: its own small server, which follows promotions."""
