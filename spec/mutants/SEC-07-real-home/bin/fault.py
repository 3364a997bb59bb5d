import os
import pwd

import plugin


def wrong(job):
    try:
        with open(os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".greeted"), "w") as file:
            file.write("greeted\n")
    except (KeyError, OSError):
        pass  # where there is no such directory, it does without
    return {}


plugin.DEEDS["secret"] = wrong
