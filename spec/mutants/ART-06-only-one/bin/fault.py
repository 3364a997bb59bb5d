import plugin

artifact = plugin.artifact


def wrong(job):
    (path,) = job.outputs.values()
    plugin.log(f"Writing {path}")
    return artifact(job)


plugin.DEEDS["artifact"] = wrong
