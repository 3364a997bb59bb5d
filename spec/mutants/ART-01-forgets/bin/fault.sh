list_artifacts() { succeeded '{}'; }
