"""What is remembered, in SQL: studies, trials, versions, promotions, job runs."""
