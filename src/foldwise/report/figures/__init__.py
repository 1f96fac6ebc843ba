"""Figures of a study, as files beside its summary; the tracker shows them."""
