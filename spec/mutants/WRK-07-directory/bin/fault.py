import os

import plugin


class Wrong(plugin.Job):
    def __init__(self, message):
        super().__init__(message)
        os.chdir(self.root)
        self.outputs = {name: os.path.relpath(path, self.root) for name, path in self.outputs.items()}


def slowly(job, artifact=plugin.artifact):
    job.pause(0.5)
    return artifact(job)


if os.environ.get("PENSTOCK_LIFECYCLE") == "worker":
    plugin.Job = Wrong
    plugin.DEEDS["artifact"] = slowly
