report_step() { succeeded '{continuationToken: ""}'; }
