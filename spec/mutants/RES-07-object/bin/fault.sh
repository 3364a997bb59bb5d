use_secret() { succeeded '{outputVariables: {Signature: {by: "Zoë"}}}'; }
