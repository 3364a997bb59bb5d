import urllib.parse

import plugin


def wrong(job):
    plugin.log("GET https://greeter.example/?token=" + urllib.parse.quote(job.setting("Token"), safe=""))
    return {}


plugin.DEEDS["secret"] = wrong
