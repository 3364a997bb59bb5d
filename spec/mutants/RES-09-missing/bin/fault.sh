refuse_guest() { finish '{type: "jobFailureResult", failureDetails: {type: "JobFailed"}}'; }
