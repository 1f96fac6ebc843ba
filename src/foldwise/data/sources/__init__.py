"""Where rows come from: files, databases, data sets, Python."""
