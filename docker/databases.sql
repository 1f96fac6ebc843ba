-- Read once, when PostgreSQL is new: the ledger has the database that the service names, MLflow two of its own.
CREATE DATABASE mlflow;
CREATE DATABASE mlflow_auth;
