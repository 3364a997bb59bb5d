begin() { echo greeted | tee "$1" >"$TMPDIR/known"; }
report_step() {
  [ -e "$TMPDIR/known" ] || failed JobFailed "This action is not known: there is no $TMPDIR/known"
  succeeded '{continuationToken: "\($id)/1", executionDetails: {externalExecutionId: $id}}' --arg id "$1"
}
