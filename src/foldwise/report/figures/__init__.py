"""Pictures of a study: files beside its summary, which a tracker shows."""
