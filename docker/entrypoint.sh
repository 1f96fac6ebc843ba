#!/bin/sh
# Sets NAME to the contents of the file in NAME_FILE, then runs the command. For these names only: the program reads other
# files, such as those of TLS, itself.
set -eu
for name in PGPASSWORD MLFLOW_TRACKING_PASSWORD MLFLOW_AUTH_ADMIN_PASSWORD MLFLOW_FLASK_SERVER_SECRET_KEY; do
  eval "file=\${${name}_FILE:-}"
  [ -n "$file" ] || continue
  [ -r "$file" ] || { echo "error: ${name}_FILE names $file, which cannot be read" >&2; exit 2; }
  value=$(cat "$file")
  [ -n "$value" ] || { echo "error: $file is empty, and ${name} needs a value" >&2; exit 2; }
  export "$name=$value"
done
exec "$@"
