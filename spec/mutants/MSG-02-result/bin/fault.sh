use_secret() { succeeded '{jobId: "6b7a1c1e-6a0b-4f3e-9d7e-1a2b3c4d5e6f"}'; }
