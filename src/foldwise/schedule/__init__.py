"""Jobs that run at the times of a cron line."""
