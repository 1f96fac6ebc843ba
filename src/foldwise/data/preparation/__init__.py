"""What a fold learns from its training rows: impute, scale, encode, balance, select."""
