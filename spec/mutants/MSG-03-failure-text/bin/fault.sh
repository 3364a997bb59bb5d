use_secret() { finish '{type: "jobFailureResult", failureDetails: "no key"}'; }
