"""The steps that a fold fits on its training rows: impute, scale, encode, balance, select."""
