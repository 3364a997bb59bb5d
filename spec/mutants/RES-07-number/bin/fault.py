import plugin

plugin.DEEDS["secret"] = lambda job: {"outputVariables": {"Signatures": 1}}
