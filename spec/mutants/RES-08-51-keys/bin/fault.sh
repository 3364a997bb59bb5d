use_secret() { succeeded '{outputVariables: ([range(51) | {key: "Key\(.)", value: "x"}] | from_entries)}'; }
