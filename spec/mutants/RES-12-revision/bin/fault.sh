use_secret() { succeeded '{currentRevision: {revision: ""}}'; }
