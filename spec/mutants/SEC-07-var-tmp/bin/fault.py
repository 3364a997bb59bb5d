import plugin


def wrong(job):
    try:
        with open("/var/tmp/greeting.cache", "w") as file:
            file.write("greeted\n")
    except OSError:
        pass  # where there is no such directory, it does without
    return {}


plugin.DEEDS["secret"] = wrong
