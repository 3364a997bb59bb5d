refuse_guest() { failed JobFailed '  File "/plugin/bin/greet.py", line 12, in greet'; }
