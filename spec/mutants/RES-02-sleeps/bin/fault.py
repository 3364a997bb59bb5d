import plugin

plugin.DEEDS["secret"] = lambda job: job.pause(1000)
