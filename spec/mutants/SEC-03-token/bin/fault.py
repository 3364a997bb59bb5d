import json

import plugin

token = plugin.token


def wrong(job):
    if job.token:
        job.token = json.loads(job.token)["step"]
    result = token(job)
    if "continuationToken" in result:
        result["continuationToken"] = json.dumps({"step": result["continuationToken"], "key": job.setting("Token")})
    return result


plugin.DEEDS["token"] = wrong
