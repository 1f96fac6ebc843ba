"""The SQL record of studies, trials, model versions, promotions and job runs."""
