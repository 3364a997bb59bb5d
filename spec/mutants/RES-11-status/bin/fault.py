import plugin

plugin.DEEDS["dance"] = lambda job: {}
