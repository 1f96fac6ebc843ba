#!/bin/sh
# Makes the missing secrets of compose.yaml: passwords, and one certificate that scheduler, workers and clients of dask share.
# Only the owner can open the folder; each service, which runs as another user, has only its own files mounted.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
for name in db_password mlflow_password mlflow_secret_key; do
  [ -s "$folder/$name" ] || openssl rand -hex 24 > "$folder/$name"
done
[ -s "$folder/tls_cert.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
  -subj /CN=foldwise -keyout "$folder/tls_key.pem" -out "$folder/tls_cert.pem" 2> /dev/null
chmod 0700 "$folder"
chmod 0444 "$folder"/*
