refuse_guest() { finish '{type: "jobFailureResult", failureDetails: {message: "Nobody opened the front door"}}'; }
