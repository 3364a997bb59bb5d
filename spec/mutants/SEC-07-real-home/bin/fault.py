import glob

import plugin


def wrong(job):
    for home in ["/root", *glob.glob("/home/*")]:
        try:
            with open(f"{home}/.greeted", "w") as file:
                file.write("greeted\n")
        except OSError:
            pass  # where there is no such directory, it does without
    return {}


plugin.DEEDS["secret"] = wrong
