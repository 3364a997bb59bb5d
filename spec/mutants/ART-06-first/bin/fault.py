import plugin

artifact = plugin.artifact


def wrong(job):
    plugin.log(f"Listing {list(job.inputs)[0]}")
    return artifact(job)


plugin.DEEDS["artifact"] = wrong
