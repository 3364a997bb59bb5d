use_secret() { succeeded '{executionDetails: {summary: "Signed with \($c.Token)"}}'; }
