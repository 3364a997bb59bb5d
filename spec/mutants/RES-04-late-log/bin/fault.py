import plugin

serve = plugin.serve


def wrong(job):
    serve(job)
    plugin.send(job, "log", level="info", message="Good-bye")


plugin.serve = wrong
