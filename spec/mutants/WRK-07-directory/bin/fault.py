import os

import plugin


class Wrong(plugin.Job):
    def __init__(self, message):
        super().__init__(message)
        own = os.path.join(self.root, message["workspace"]["tmp"])
        os.chdir(own)
        self.outputs = {name: os.path.relpath(path, own) for name, path in self.outputs.items()}


def slowly(job, artifact=plugin.artifact):
    job.pause(0.5)
    return artifact(job)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.Job = Wrong
    plugin.DEEDS["artifact"] = slowly
