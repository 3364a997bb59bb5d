import plugin

plugin.DEEDS["secret"] = lambda job: {"outputVariables": {"signature.by": "Zoë"}}
