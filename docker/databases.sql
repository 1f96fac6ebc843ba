-- Run once, when PostgreSQL is new. The ledger uses the database that the service names, MLflow uses these two.
CREATE DATABASE mlflow;
CREATE DATABASE mlflow_auth;
