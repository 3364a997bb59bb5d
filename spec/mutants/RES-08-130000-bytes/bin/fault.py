import plugin

plugin.DEEDS["secret"] = lambda job: {"outputVariables": {"Signature": "x" * 130000}}
